import { documentCount, documentTokens, type TokenShard } from './token-shard.ts';

/** Held-out sequences: one from each document that is long enough. */
export type SequencePool = {
  readonly sequenceTokens: number;
  /** `[sequences]`: the shard's document each sequence was taken from. */
  readonly documents: Uint32Array;
  /** `[sequences]`: cluster hashes, for cluster-wise statistics. */
  readonly clusters: readonly string[];
  /** `[sequences, sequenceTokens + 1]`: inputs are the first, targets the last `sequenceTokens` of each row. */
  readonly tokens: Int32Array;
};

/** The first `sequenceTokens + 1` tokens of every document that has so many. */
export function sequencesOf(shard: TokenShard, sequenceTokens: number): SequencePool {
  const width = sequenceTokens + 1;
  const documents: number[] = [];
  for (let index = 0; index < documentCount(shard); index++) {
    if (shard.offsets[index + 1]! - shard.offsets[index]! >= width) documents.push(index);
  }
  const tokens = new Int32Array(documents.length * width);
  for (const [row, document] of documents.entries()) {
    tokens.set(documentTokens(shard, document).subarray(0, width), row * width);
  }
  return {
    sequenceTokens,
    documents: Uint32Array.from(documents),
    clusters: documents.map((document) => shard.clusters[document]!),
    tokens,
  };
}
