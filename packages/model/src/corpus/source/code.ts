import type { Corpus } from '../corpus.ts';
import { withoutDuplicates } from '../duplicates.ts';
import { clusterBySimilarity } from '../near-duplicates.ts';
import { findPackage, readPackageFiles } from './package-files.ts';

/** A longer line means tables or minified text, not code that somebody wrote. */
const MAX_LINE_CHARS = 4000;

/** The JavaScript of three.js, one document a file; bundled third-party libraries are left out. */
export async function readCodeCorpus(): Promise<Corpus> {
  return readCode(
    'three',
    ['src/**/*.js', 'examples/jsm/**/*.js'],
    (path) => path.startsWith('examples/jsm/libs/') || path.endsWith('.min.js'),
    'src and examples/jsm without libs',
  );
}

/** The TypeScript of zod, one document a file: code of a kind that pretraining has not seen. */
export async function readUnseenCodeCorpus(): Promise<Corpus> {
  return readCode('zod', ['src/**/*.ts'], (path) => path.includes('/locales/'), 'src without locales');
}

async function readCode(
  packageName: string,
  patterns: readonly string[],
  isLeftOut: (path: string) => boolean,
  what: string,
): Promise<Corpus> {
  const source = await findPackage(packageName);
  const files = await readPackageFiles(source, patterns, isLeftOut);
  const documents = files
    .filter(({ text }) => text.split('\n').every((line) => line.length <= MAX_LINE_CHARS))
    .map(({ path, text }) => ({ id: `code/${path}`, text, cluster: `code/${path}` }));
  return {
    domain: 'code',
    licence: 'MIT',
    provenance: `${source.name} ${source.version}: ${what}`,
    documents: clusterBySimilarity(withoutDuplicates(documents)),
  };
}
