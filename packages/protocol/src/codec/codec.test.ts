import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../encoding/hash.ts';
import { ConnitoError } from '../errors.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { randomTensors } from '../testing/example-run.ts';
import { codecOf } from './codec.ts';
import { decodeDelta, encodeDelta } from './delta-codec.ts';
import { halfBits, halfValue } from './fp16.ts';
import { encodedBytes } from './value-codec.ts';

const KINDS = ['fp16', 'int8'] as const;
const specs = [
  { name: 'b', shape: [5, 13] },
  { name: 'a', shape: [64, 2] },
];

const deltas = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -60_000, max: 60_000 }), {
    minLength: 1,
    maxLength: 150,
  })
  .map((values): TensorMap => new Map([['w', { shape: [values.length], data: Float32Array.from(values) }]]));

function decoded(kind: (typeof KINDS)[number], bundle: Uint8Array, of: TensorMap): TensorMap {
  const result = decodeDelta(
    kind,
    bundle,
    [...of].map(([name, { shape }]) => ({ name, shape })),
  );
  if (result.kind === 'invalid') throw new Error(result.why);
  return result.delta;
}

describe('half precision', () => {
  it('is exact on every half', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = halfValue(bits);
      if (Number.isFinite(value)) expect(halfBits(value)).toBe(bits);
    }
  });

  it('rounds as the platform does, ties to even', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65_504, max: 65_504 }), (value) => {
        expect(halfValue(halfBits(value))).toBe(Math.f16round(value));
      }),
      { numRuns: 1000 },
    );
    for (const value of [
      2 ** -25,
      3 * 2 ** -25,
      2 ** -24,
      2 ** -14 - 2 ** -25,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      2 ** -26,
    ]) {
      expect(halfValue(halfBits(value))).toBe(Math.f16round(value));
    }
  });

  it('clamps instead of overflowing', () => {
    expect(halfValue(halfBits(1e9))).toBe(65_504);
    expect(halfValue(halfBits(-Infinity))).toBe(-65_504);
  });
});

describe.each(KINDS)('codec %s', (kind) => {
  it('decodes finite values within its error bound', () => {
    fc.assert(
      fc.property(deltas, (delta) => {
        const original = delta.get('w')!.data;
        const restored = decoded(kind, encodeDelta(kind, delta).bundle, delta).get('w')!.data;
        for (let start = 0; start < original.length; start += 64) {
          const block = original.subarray(start, start + 64);
          const largest = block.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
          block.forEach((value, i) => {
            const bound = kind === 'int8' ? largest / 253 + 2 ** -119 : Math.abs(value) * 2 ** -11 + 2 ** -25;
            expect(Math.abs(restored[start + i]! - value)).toBeLessThanOrEqual(bound);
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('returns as residual exactly what it lost', () => {
    const delta = randomTensors(specs, 'residual', 0.01);
    const { bundle, residual } = encodeDelta(kind, delta);
    const restored = decoded(kind, bundle, delta);
    for (const [name, { data }] of delta) {
      data.forEach((value, i) => {
        expect(residual.get(name)!.data[i]).toBe(Math.fround(value - restored.get(name)!.data[i]!));
      });
    }
  });

  it('delivers over rounds what single rounds lose, by error feedback', () => {
    const small: TensorMap = new Map([['w', { shape: [2], data: Float32Array.of(1, 0.0007) }]]);
    let carried: TensorMap | null = null;
    let sum = 0;
    const rounds = 400;
    for (let round = 0; round < rounds; round++) {
      const encoded = encodeDelta(kind, small, carried);
      sum += decoded(kind, encoded.bundle, small).get('w')!.data[1]!;
      carried = encoded.residual;
    }
    expect(Math.abs(sum / rounds - 0.0007)).toBeLessThan(2e-5);
  });

  it('gives the same bytes on every machine', () => {
    const bundle = encodeDelta(kind, randomTensors(specs, 'vector', 0.02)).bundle;
    expect(sha256Hex(bundle)).toBe(
      {
        fp16: '29ed81b808db2977e3f5484f9399e2ec59f07e37ee2fd763eafe75decf13b744',
        int8: '40d9eb6e018686ec41c62aa2c9e3a7bdf2026ea204b6185b5722b56e01bc2017',
      }[kind],
    );
  });

  it('lays tensors out in name order without gaps', () => {
    const { bundle, tensors } = encodeDelta(kind, randomTensors(specs, 'layout'));
    expect(tensors.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(tensors[0]!.offset).toBe(0);
    expect(tensors[1]!.offset).toBe(tensors[0]!.bytes);
    expect(tensors[1]!.offset + tensors[1]!.bytes).toBe(bundle.length);
  });

  it('refuses to encode a delta that is not finite', () => {
    for (const value of [Number.NaN, Infinity]) {
      const delta: TensorMap = new Map([['w', { shape: [1], data: Float32Array.of(value) }]]);
      expect(() => encodeDelta(kind, delta)).toThrow(ConnitoError);
    }
  });

  it('answers any bytes with finite values or a reason', () => {
    const shape = [70];
    const bytes = encodedBytes(codecOf(kind), 70);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), (bundle) => {
        const result = decodeDelta(kind, bundle, [{ name: 'w', shape }]);
        if (result.kind === 'decoded') expect(result.delta.get('w')!.data.every(Number.isFinite)).toBe(true);
        else expect(['bundle_corrupt', 'non_finite_delta']).toContain(result.reason);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses a bundle of another length before decoding', () => {
    const { bundle } = encodeDelta(kind, randomTensors(specs, 'length'));
    expect(decodeDelta(kind, bundle.subarray(1), specs)).toMatchObject({ reason: 'bundle_corrupt' });
    expect(decodeDelta(kind, new Uint8Array(bundle.length + 1), specs)).toMatchObject({
      reason: 'bundle_too_large',
    });
  });
});

describe('hostile values', () => {
  it('an infinite half is a non-finite delta', () => {
    const result = decodeDelta('fp16', Uint8Array.of(0x00, 0x7c), [{ name: 'w', shape: [1] }]);
    expect(result).toMatchObject({ kind: 'invalid', reason: 'non_finite_delta' });
  });

  it('an int8 scale that overflows is a non-finite delta', () => {
    const bundle = new Uint8Array(5);
    new DataView(bundle.buffer).setFloat32(0, 3e38, true);
    bundle[4] = 127;
    expect(decodeDelta('int8', bundle, [{ name: 'w', shape: [1] }])).toMatchObject({
      reason: 'non_finite_delta',
    });
  });

  it('int8 scales and codes that no encoder writes are corrupt', () => {
    for (const [scale, code] of [
      [-1, 1],
      [Number.NaN, 1],
      [0, 1],
      [-0, 0],
      [1, 0x80],
      [1e-40, 1],
    ] as const) {
      const bundle = new Uint8Array(5);
      new DataView(bundle.buffer).setFloat32(0, scale, true);
      bundle[4] = code;
      expect(decodeDelta('int8', bundle, [{ name: 'w', shape: [1] }])).toMatchObject({
        reason: 'bundle_corrupt',
      });
    }
  });
});
