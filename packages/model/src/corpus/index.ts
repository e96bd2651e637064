/**
 * The corpora that installed npm packages and a seeded generator give, their disjoint parts, and the token shards
 * that runs are made of.
 *
 * @example
 * const [adapt] = await prepareCorpora({ tokenizer, domains: ['law'], parts: ['adapt'] });
 * const batches = trainingBatches(adapt.shard, [0, 1, 2], { sequencesPerStep: 8, sequenceTokens: 128, seed });
 * const tokens = batches.next().value; // Int32Array [8, 129]
 */
export {
  CORPUS_PARTS,
  type Corpus,
  type CorpusDocument,
  type CorpusPart,
  DOMAINS,
  type Domain,
} from './corpus.ts';
export { withoutDuplicates } from './duplicates.ts';
export { CorpusError, type CorpusErrorCode } from './errors.ts';
export { type CorpusParts, cutAsHeldOut, loadCorpusParts } from './load-corpus.ts';
export {
  generateMathDocument,
  generateMathProblem,
  isHeldOutProblem,
  type MathProblemSet,
} from './math/generate.ts';
export { MATH_PROBLEM_KINDS } from './math/kinds.ts';
export type { MathProblem } from './math/problem.ts';
export { clusterBySimilarity } from './near-duplicates.ts';
export { type PreparedShard, type PrepareOptions, prepareCorpora, prepareShard } from './prepare.ts';
export { cutSections } from './sections.ts';
export { SeededRandom } from './seeded-random.ts';
export { type SequencePool, sequencesOf } from './sequences.ts';
export { readCodeCorpus, readUnseenCodeCorpus } from './source/code.ts';
export { readLawCorpus } from './source/law.ts';
export { generateMathCorpus, MATH_CORPUS_SEED, type MathCorpusOptions } from './source/math.ts';
export { readProseCorpus } from './source/prose.ts';
export { type PartShares, splitDocuments } from './split-documents.ts';
export {
  clusterHash,
  createTokenShard,
  decodeTokenShard,
  documentCount,
  documentTokens,
  encodeTokenShard,
  type TokenDocument,
  type TokenShard,
  type TokenShardLimits,
} from './token-shard.ts';
export {
  END_OF_TEXT,
  END_OF_TEXT_ID,
  FOUNDATION_TOKENIZER,
  type TokenizerTrainingOptions,
  tokenizerConfig,
  trainTokenizer,
} from './train-tokenizer.ts';
export { type TrainingBatchOptions, trainingBatches } from './training-batches.ts';
