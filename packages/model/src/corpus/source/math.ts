import type { Corpus, CorpusPart } from '../corpus.ts';
import { generateMathDocument } from '../math/generate.ts';

/** Names the stream of generated documents; another seed gives unrelated exercises. */
export const MATH_CORPUS_SEED = 20_260_101;

/** How many documents each part holds. The foundation model sees as much math as it sees of the others. */
export const DEFAULT_MATH_COUNTS: Readonly<Record<CorpusPart, number>> = {
  pretrain: 8000,
  adapt: 4000,
  heldout: 1500,
  reporting: 400,
};

/** Each part has its own range of indices, so a larger part never moves into another. */
const INDEX_BASES: Readonly<Record<CorpusPart, number>> = {
  pretrain: 0,
  adapt: 1_000_000_000,
  heldout: 2_000_000_000,
  reporting: 3_000_000_000,
};

/** Generated exercises with worked steps, by part. */
export function generateMathCorpus(part: CorpusPart, count = DEFAULT_MATH_COUNTS[part]): Corpus {
  return {
    domain: 'math',
    licence: 'MIT',
    provenance: `generated exercises, seed ${MATH_CORPUS_SEED}, ${part}`,
    documents: Array.from({ length: count }, (_, at) =>
      generateMathDocument(MATH_CORPUS_SEED, INDEX_BASES[part] + at),
    ),
  };
}
