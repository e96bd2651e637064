import type { Corpus } from '../corpus.ts';
import { withoutDuplicates } from '../duplicates.ts';
import { clusterBySimilarity } from '../near-duplicates.ts';
import { findPackage, readPackageFiles } from './package-files.ts';

/** A longer line means tables or minified text, not code that somebody wrote. */
const MAX_LINE_CHARS = 4000;

/** The JavaScript of three.js, one document a file; bundled third-party libraries are left out. */
export async function readCodeCorpus(): Promise<Corpus> {
  const source = await findPackage('three');
  const files = await readPackageFiles(
    source,
    ['src/**/*.js', 'examples/jsm/**/*.js'],
    (path) => path.startsWith('examples/jsm/libs/') || path.endsWith('.min.js'),
  );
  const documents = files
    .filter(({ text }) => text.split('\n').every((line) => line.length <= MAX_LINE_CHARS))
    .map(({ path, text }) => ({ id: `code/${path}`, text, cluster: `code/${path}` }));
  return {
    domain: 'code',
    licence: 'MIT',
    provenance: `${source.name} ${source.version}: src and examples/jsm without libs`,
    documents: clusterBySimilarity(withoutDuplicates(documents)),
  };
}
