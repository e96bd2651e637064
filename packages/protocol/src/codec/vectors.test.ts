import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../encoding/bytes.ts';
import vectors from '../fixtures/codec.json' with { type: 'json' };
import type { CodecChoice } from './codec.ts';
import { decodeDelta, encodeDelta } from './delta-codec.ts';

// docs/understand/codec.md says how to read these; other implementations are checked against the same file.

describe.each(vectors.vectors)('codec vector "$name"', ({ codec, values, bundle, decoded }) => {
  const shape = [values.length];
  const choice = codec as CodecChoice;

  it('has these bytes', () => {
    const data = Float32Array.from(values.map(Number));
    expect(toHex(encodeDelta(choice, new Map([['w', { shape, data }]])).bundle)).toBe(bundle);
  });

  it('decodes to these values', () => {
    const result = decodeDelta(choice, fromHex(bundle), [{ name: 'w', shape }]);
    if (result.kind === 'invalid') throw new Error(result.why);
    expect([...result.delta.get('w')!.data]).toEqual(decoded.map(Number));
  });
});

describe.each(vectors.refused)('bytes that are refused: $why', ({ codec, values, bundle, reason }) => {
  it('are', () => {
    const result = decodeDelta(codec as CodecChoice, fromHex(bundle), [{ name: 'w', shape: [values] }]);
    expect(result).toMatchObject({ kind: 'invalid', reason });
  });
});
