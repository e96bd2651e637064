import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenShard } from './token-shard.ts';
import { trainingBatches } from './training-batches.ts';

/** Documents whose tokens are all different and never 0, so that a token names its place. */
function shardOf(lengths: readonly number[]) {
  let next = 1;
  const documents = lengths.map((length) => ({
    tokens: Array.from({ length }, () => next++),
    cluster: 'c',
  }));
  return createTokenShard(documents, 65_536);
}

function take(count: number, batches: Generator<Int32Array, never>): Int32Array[] {
  return Array.from({ length: count }, () => batches.next().value);
}

const OPTIONS = { sequencesPerStep: 2, sequenceTokens: 8, seed: 'round 1' };

describe('trainingBatches', () => {
  it('repeats itself for the same seed and not for another', () => {
    const shard = shardOf([40, 3, 60]);
    const first = take(20, trainingBatches(shard, [0, 1, 2], OPTIONS));
    expect(take(20, trainingBatches(shard, [0, 1, 2], OPTIONS))).toEqual(first);
    expect(take(20, trainingBatches(shard, [0, 1, 2], { ...OPTIONS, seed: 'round 2' }))).not.toEqual(first);
  });

  it('makes rows of consecutive tokens with a separator before each document', () => {
    const shard = shardOf([5, 4, 30]);
    const starts = new Set([1, 6, 10]);
    for (const batch of take(30, trainingBatches(shard, [0, 1, 2], OPTIONS))) {
      expect(batch.length).toBe(2 * 9);
      for (let at = 0; at < batch.length; at++) {
        if (at % 9 === 8) continue;
        const [token, following] = [batch[at]!, batch[at + 1]!];
        if (token === 0) expect(starts).toContain(following);
        else if (following !== 0) expect(following).toBe(token + 1);
      }
    }
  });

  it('uses only the assigned documents', () => {
    const tokens = take(20, trainingBatches(shardOf([20, 20, 20]), [1], OPTIONS)).flatMap((batch) => [
      ...batch,
    ]);
    expect(Math.min(...tokens.filter((token) => token > 0))).toBeGreaterThanOrEqual(21);
    expect(Math.max(...tokens)).toBeLessThanOrEqual(40);
  });

  it('makes every token a target at most once an epoch, and nearly all of them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 10, max: 50 }), { minLength: 1, maxLength: 8 }), (lengths) => {
        const shard = shardOf(lengths);
        const streamTokens = shard.tokens.length + lengths.length;
        const rows = Math.floor((streamTokens - 1) / 8);
        const indices = lengths.map((_, index) => index);
        const batches = take(rows, trainingBatches(shard, indices, { ...OPTIONS, sequencesPerStep: 1 }));
        const targets = batches.flatMap((batch) => [...batch.subarray(1)]).filter((token) => token > 0);
        expect(new Set(targets).size).toBe(targets.length);
        expect(targets.length).toBeGreaterThan(streamTokens - lengths.length - 1 - 8);
      }),
    );
  });

  it('does not change a batch that was already given out', () => {
    const batches = trainingBatches(shardOf([50]), [0], OPTIONS);
    const [first] = take(1, batches);
    const copy = first!.slice();
    take(20, batches);
    expect(first).toEqual(copy);
  });

  it('says when the documents are too short for one sequence', () => {
    const tooSmall = expect.objectContaining({ code: 'shard_too_small' });
    expect(() => trainingBatches(shardOf([7]), [0], OPTIONS).next()).toThrow(tooSmall);
    expect(() => trainingBatches(shardOf([7]), [], OPTIONS).next()).toThrow(tooSmall);
    // Eight tokens and a separator are just enough.
    expect(trainingBatches(shardOf([8]), [0], { ...OPTIONS, sequencesPerStep: 1 }).next().value).toEqual(
      Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8),
    );
  });
});
