import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clusterHash,
  createTokenShard,
  decodeTokenShard,
  documentCount,
  documentTokens,
  encodeTokenShard,
} from './token-shard.ts';

const LIMITS = { maxBytes: 1 << 20, maxDocuments: 1000 };
const documents = fc.array(
  fc.record({ tokens: fc.array(fc.integer({ min: 0, max: 4095 }), { maxLength: 30 }), cluster: fc.string() }),
  { maxLength: 12 },
);
const SMALL = encodeTokenShard(
  createTokenShard(
    [
      { tokens: [1, 2, 3], cluster: 'a' },
      { tokens: [4], cluster: 'b' },
    ],
    4096,
  ),
);

/** A copy with a 32-bit field changed. */
function withField(offset: number, value: number): Uint8Array {
  const bytes = SMALL.slice();
  new DataView(bytes.buffer).setUint32(offset, value, true);
  return bytes;
}

describe('token shard', () => {
  it('comes back from its bytes as it was', () => {
    fc.assert(
      fc.property(documents, (input) => {
        const shard = createTokenShard(input, 4096);
        const decoded = decodeTokenShard(encodeTokenShard(shard), LIMITS);
        expect(decoded).toEqual(shard);
        expect(documentCount(decoded)).toBe(input.length);
        for (const [index, { tokens, cluster }] of input.entries()) {
          expect([...documentTokens(decoded, index)]).toEqual(tokens);
          expect(decoded.clusters[index]).toBe(clusterHash(cluster));
        }
      }),
    );
  });

  it('has the documented bytes', () => {
    expect(Buffer.from(SMALL).toString('hex')).toBe(
      [
        '434e5453', // "CNTS"
        '01000000', // version
        '00100000', // vocabulary size
        '02000000', // documents
        '04000000', // tokens
        '03000000',
        '01000000',
        clusterHash('a'),
        clusterHash('b'),
        '0100020003000400',
      ].join(''),
    );
  });

  it('can be read from inside a larger buffer at an odd offset', () => {
    const buffer = new Uint8Array(SMALL.length + 8);
    buffer.set(SMALL, 3);
    const decoded = decodeTokenShard(buffer.subarray(3, 3 + SMALL.length), LIMITS);
    expect([...decoded.tokens]).toEqual([1, 2, 3, 4]);
  });

  it('keeps every token of the largest vocabulary', () => {
    const shard = createTokenShard([{ tokens: [0, 65_535], cluster: '' }], 65_536);
    expect([...decodeTokenShard(encodeTokenShard(shard), LIMITS).tokens]).toEqual([0, 65_535]);
  });

  it.each([[[-1]], [[4096]], [[0.5]], [[Number.NaN]]])('refuses to hold the tokens %j', (tokens) => {
    expect(() => createTokenShard([{ tokens, cluster: '' }], 4096)).toThrow(RangeError);
  });

  it('has no document beyond its last', () => {
    const shard = decodeTokenShard(SMALL, LIMITS);
    expect(() => documentTokens(shard, 2)).toThrow(RangeError);
    expect(() => documentTokens(shard, -1)).toThrow(RangeError);
  });
});

describe('decodeTokenShard on hostile bytes', () => {
  it.each([
    ['another magic', withField(0, 0)],
    ['an unknown version', withField(4, 2)],
    ['no vocabulary', withField(8, 0)],
    ['a vocabulary beyond u16', withField(8, 65_537)],
    ['a vocabulary below its tokens', withField(8, 4)],
    ['fewer documents than announced', withField(12, 3)],
    ['more tokens than announced', withField(16, 3)],
    ['four thousand million tokens', withField(16, 0xffffffff)],
    ['a document with all tokens and more', withField(20, 0xffffffff)],
    ['documents with too few tokens', withField(20, 2)],
    ['a byte too many', new Uint8Array([...SMALL, 0])],
    ['no bytes', new Uint8Array()],
  ])('rejects %s', (_, bytes) => {
    expect(() => decodeTokenShard(bytes, LIMITS)).toThrow(
      expect.objectContaining({ code: 'shard_malformed' }),
    );
  });

  it('rejects every truncation', () => {
    for (let length = 0; length < SMALL.length; length++) {
      expect(() => decodeTokenShard(SMALL.subarray(0, length), LIMITS)).toThrow(/Not a valid token shard/);
    }
  });

  it('rejects what is above the reader’s limits', () => {
    const tooLarge = expect.objectContaining({ code: 'shard_too_large' });
    expect(() => decodeTokenShard(SMALL, { ...LIMITS, maxBytes: SMALL.length - 1 })).toThrow(tooLarge);
    expect(() => decodeTokenShard(SMALL, { ...LIMITS, maxDocuments: 1 })).toThrow(tooLarge);
    // Refused for the count alone, before anything of that size is looked for or allocated.
    expect(() => decodeTokenShard(withField(12, 0xffffffff), LIMITS)).toThrow(tooLarge);
  });

  it('reads any bytes or fails with its own error', () => {
    const flips = fc.array(fc.tuple(fc.nat(SMALL.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(flips, (changes) => {
        const bytes = SMALL.slice();
        for (const [at, value] of changes) bytes[at] = value;
        try {
          const shard = decodeTokenShard(bytes, LIMITS);
          expect(encodeTokenShard(shard)).toEqual(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^shard_/) });
        }
      }),
    );
  });
});
