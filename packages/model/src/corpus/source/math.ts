import type { Corpus, CorpusPart } from '../corpus.ts';
import { generateMathDocument, type MathProblemSet } from '../math/generate.ts';

/** Names the stream of generated documents; another seed gives unrelated exercises. */
export const MATH_CORPUS_SEED = 20_260_101;

/** How many documents each part holds; `pretrain` is as much text as code and prose give. */
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

export type MathCorpusOptions = {
  readonly count?: number;
  /** Default: training problems for the parts that are trained on, held-out ones for the others. */
  readonly problems?: MathProblemSet;
};

/** Generated exercises with worked steps, for one part. */
export function generateMathCorpus(part: CorpusPart, options: MathCorpusOptions = {}): Corpus {
  const { count = DEFAULT_MATH_COUNTS[part] } = options;
  const problems = options.problems ?? (part === 'pretrain' || part === 'adapt' ? 'training' : 'heldout');
  // Adapting learns notations that pretraining has not seen.
  const notation = part === 'pretrain' ? 'plain' : 'markup';
  return {
    domain: 'math',
    licence: 'MIT',
    provenance: `generated exercises with worked steps, seed ${MATH_CORPUS_SEED}; adapted to other notations`,
    documents: Array.from({ length: count }, (_, at) =>
      generateMathDocument(MATH_CORPUS_SEED, INDEX_BASES[part] + at, problems, notation),
    ),
  };
}
