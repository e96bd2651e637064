import { describe, expect, it } from 'vitest';
import { sequencesOf } from './sequences.ts';
import { clusterHash, createTokenShard } from './token-shard.ts';

describe('sequencesOf', () => {
  it('takes the first tokens of every document that is long enough', () => {
    const shard = createTokenShard(
      [
        { tokens: [1, 2, 3, 4], cluster: 'a' },
        { tokens: [5, 6], cluster: 'b' },
        { tokens: [7, 8, 9], cluster: 'c' },
      ],
      100,
    );
    expect(sequencesOf(shard, 2)).toEqual({
      sequenceTokens: 2,
      documents: Uint32Array.of(0, 2),
      clusters: [clusterHash('a'), clusterHash('c')],
      tokens: Int32Array.of(1, 2, 3, 7, 8, 9),
    });
  });
});
