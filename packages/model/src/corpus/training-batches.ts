import { CorpusError } from './errors.ts';
import { SeededRandom } from './seeded-random.ts';
import { documentTokens, type TokenShard } from './token-shard.ts';
import { END_OF_TEXT_ID } from './train-tokenizer.ts';

export type TrainingBatchOptions = {
  readonly sequencesPerStep: number;
  readonly sequenceTokens: number;
  /** Names the order of documents and sequences: equal seeds give equal batches. */
  readonly seed: string;
  /** The separator put before every document. */
  readonly endOfTextId?: number;
};

/**
 * Endless training batches over some of a shard's documents, each `[sequencesPerStep, sequenceTokens + 1]`.
 *
 * Each epoch joins the documents in a new order, with a separator before each, and cuts the stream at a new
 * offset into windows that overlap by one token, so that every token is a target at most once an epoch.
 */
export function* trainingBatches(
  shard: TokenShard,
  documentIndices: readonly number[],
  options: TrainingBatchOptions,
): Generator<Int32Array, never> {
  const { sequencesPerStep, sequenceTokens, seed, endOfTextId = END_OF_TEXT_ID } = options;
  const width = sequenceTokens + 1;
  let batch = new Int32Array(sequencesPerStep * width);
  let rows = 0;
  for (let epoch = 0; ; epoch++) {
    const random = SeededRandom.fromText(`connito/training-batches\n${seed}\n${epoch}`);
    const stream = joinDocuments(shard, random.shuffle([...documentIndices]), endOfTextId);
    const spare = (stream.length - 1) % sequenceTokens;
    const windows = Math.floor((stream.length - 1) / sequenceTokens);
    if (windows < 1) {
      throw new CorpusError(
        'shard_too_small',
        `The assigned documents have ${stream.length} tokens; one sequence needs ${width}.`,
        { tokens: stream.length, needed: width },
      );
    }
    const offset = random.integer(0, spare);
    for (const window of random.shuffle(Uint32Array.from({ length: windows }, (_, index) => index))) {
      const start = offset + window * sequenceTokens;
      batch.set(stream.subarray(start, start + width), rows * width);
      rows += 1;
      if (rows < sequencesPerStep) continue;
      yield batch;
      batch = new Int32Array(sequencesPerStep * width);
      rows = 0;
    }
  }
}

function joinDocuments(shard: TokenShard, documents: readonly number[], endOfTextId: number): Uint16Array {
  const parts = documents.map((document) => documentTokens(shard, document));
  const stream = new Uint16Array(parts.reduce((length, part) => length + part.length + 1, 0));
  let at = 0;
  for (const part of parts) {
    stream[at] = endOfTextId;
    stream.set(part, at + 1);
    at += part.length + 1;
  }
  return stream;
}
