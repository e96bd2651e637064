import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnitoError } from '../errors.ts';
import vectors from '../fixtures/canonical-json.json' with { type: 'json' };
import { fromHex, toHex, utf8 } from './bytes.ts';
import { type CanonicalValue, decodeCanonical, encodeCanonical } from './canonical-json.ts';
import { sha256, sha256Hex, taggedHash } from './hash.ts';

const limits = { maxBytes: 1 << 20 };

const canonicalValue = fc.letrec<{ value: CanonicalValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value;

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ConnitoError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('canonical JSON', () => {
  it.each(vectors.encodings)('encodes $canonical', ({ value, canonical }) => {
    expect(new TextDecoder().decode(encodeCanonical(value as CanonicalValue))).toBe(canonical);
    expect(decodeCanonical(utf8(canonical), limits)).toEqual(value);
  });

  it.each(vectors.refusals)('refuses $name', ({ text }) => {
    expect(codeOf(() => decodeCanonical(utf8(text), limits))).toBe('not_canonical_bytes');
  });

  it('decodes what it encoded, whatever the order of keys', () => {
    fc.assert(
      fc.property(canonicalValue, (value) => {
        const bytes = encodeCanonical(value);
        expect(encodeCanonical(decodeCanonical(bytes, limits))).toEqual(bytes);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses values that JSON cannot hold exactly', () => {
    const cycle: CanonicalValue[] = [];
    cycle.push(cycle);
    const hostile: unknown[] = [
      0.5,
      Number.NaN,
      Infinity,
      -0,
      2 ** 53,
      undefined,
      1n,
      '\ud800',
      [undefined],
      cycle,
    ];
    hostile.push({ a: undefined }, new Date(0), new Map(), Symbol('s'), new Array(1));
    for (const value of hostile) {
      expect(codeOf(() => encodeCanonical(value as CanonicalValue))).toBe('not_canonical_value');
    }
  });

  it('keeps a key named __proto__ an ordinary key', () => {
    const bytes = utf8('{"__proto__":{"polluted":true}}');
    const value = decodeCanonical(bytes, limits);
    expect(encodeCanonical(value)).toEqual(bytes);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('refuses size and depth before parsing', () => {
    expect(codeOf(() => decodeCanonical(new Uint8Array(11), { maxBytes: 10 }))).toBe('not_canonical_bytes');
    const bomb = utf8('['.repeat(500_000) + ']'.repeat(500_000));
    expect(codeOf(() => decodeCanonical(bomb, limits))).toBe('not_canonical_bytes');
    expect(decodeCanonical(utf8('"[[[[{{{{"'), { maxBytes: 100, maxDepth: 0 })).toBe('[[[[{{{{');
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(codeOf(() => decodeCanonical(Uint8Array.of(0x22, 0xff, 0x22), limits))).toBe(
      'not_canonical_bytes',
    );
  });
});

describe('hex', () => {
  it('reads back what it writes and refuses anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
      }),
    );
    for (const text of ['0', 'AB', 'zz', '0x']) expect(codeOf(() => fromHex(text))).toBe('invalid_hex');
    expect(codeOf(() => fromHex('00', 32))).toBe('invalid_hex');
  });
});

describe('hashes', () => {
  it('match the published sha256 vector', () => {
    expect(sha256Hex(utf8('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('frame every part, so that moved boundaries change the hash', () => {
    const tag = 'connito/1/test';
    const hashes = [
      taggedHash(tag, utf8('ab'), utf8('c')),
      taggedHash(tag, utf8('a'), utf8('bc')),
      taggedHash(tag, utf8('abc')),
      taggedHash(tag, utf8('abc'), utf8('')),
      taggedHash('connito/1/tes', utf8('t'), utf8('abc')),
      sha256(utf8('abc')),
    ].map(toHex);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
