import { createHash } from 'node:crypto';
import type { CorpusDocument } from './corpus.ts';

/** Keeps the first of documents whose texts differ in white space and letter case only. */
export function withoutDuplicates(documents: readonly CorpusDocument[]): CorpusDocument[] {
  const seen = new Set<string>();
  return documents.filter((document) => {
    const normal = document.text.replaceAll(/\s+/g, ' ').trim().toLowerCase();
    const hash = createHash('sha256').update(normal).digest('hex');
    if (seen.has(hash)) return false;
    seen.add(hash);
    return true;
  });
}
