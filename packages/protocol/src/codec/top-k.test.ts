import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TensorMap } from '../tensor/tensor.ts';
import { randomTensors } from '../testing/example-run.ts';
import { bfloat16Bits, bfloat16Value } from './bfloat16.ts';
import { bundleLayout } from './bundle-layout.ts';
import { codecOf } from './codec.ts';
import { decodeDelta, encodeDelta } from './delta-codec.ts';
import { type TopKParameters, topK } from './top-k.ts';

const parameters: fc.Arbitrary<TopKParameters> = fc
  .record({
    chunk: fc.integer({ min: 2, max: 40 }),
    kept: fc.integer({ min: 1, max: 40 }),
    bits: fc.integer({ min: 1, max: 8 }),
  })
  .map(({ chunk, kept, bits }) => ({ chunk, kept: Math.min(kept, chunk), bits }));

/** Values with many ties, zeros of both signs, and both ends of the range. */
const values = fc
  .array(
    fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -0, 1, -1, 1, 2, -2, 3.4028234e38, 1e-40, 2 ** -126, -(2 ** -127)),
      fc.float({ noNaN: true, min: -1, max: 1 }),
    ),
    { minLength: 1, maxLength: 90 },
  )
  .map((list) => Float32Array.from(list));

function decoded(codec: TopKParameters, data: Float32Array): Float32Array {
  const specs = [{ name: 'w', shape: [data.length] }];
  const choice = { kind: 'top-k', ...codec } as const;
  const result = decodeDelta(choice, encodeDelta(choice, tensorOf(data)).bundle, specs);
  if (result.kind === 'invalid') throw new Error(result.why);
  return result.delta.get('w')!.data;
}

function tensorOf(data: Float32Array): TensorMap {
  return new Map([['w', { shape: [data.length], data }]]);
}

describe('codec top-k', () => {
  it('sends 96 of 4096 values with two bits each in less than 1/70 of their fp16 bytes', () => {
    const specs = [{ name: 'w', shape: [160, 192] }];
    const choice = { kind: 'top-k', chunk: 4096, kept: 96, bits: 2 } as const;
    expect(bundleLayout('fp16', specs).bytes / bundleLayout(choice, specs).bytes).toBeGreaterThan(70);
    expect(codecOf(choice).chunkBytes(4096)).toBe(116);
  });

  it('has one encoding for each decoded delta', () => {
    fc.assert(
      fc.property(parameters, values, (codec, data) => {
        const choice = { kind: 'top-k', ...codec } as const;
        const { bundle } = encodeDelta(choice, tensorOf(data));
        expect(encodeDelta(choice, tensorOf(decoded(codec, data))).bundle).toEqual(bundle);
      }),
      { numRuns: 1500 },
    );
  });

  it('reads of all byte strings only those it would write', () => {
    fc.assert(
      fc.property(
        parameters,
        values,
        fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
        (codec, data, flips) => {
          const choice = { kind: 'top-k', ...codec } as const;
          const { bundle } = encodeDelta(choice, tensorOf(data));
          for (const flip of flips) {
            const bit = flip % (8 * bundle.length);
            bundle[bit >> 3]! ^= 1 << (bit & 7);
          }
          const result = decodeDelta(choice, bundle, [{ name: 'w', shape: [data.length] }]);
          if (result.kind === 'decoded') expect(encodeDelta(choice, result.delta).bundle).toEqual(bundle);
          else expect(result.reason).toBe('bundle_corrupt');
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('keeps the largest magnitudes of each chunk, of equal ones the first, and their signs', () => {
    fc.assert(
      fc.property(parameters, values, (codec, data) => {
        const restored = decoded(codec, data);
        for (let start = 0; start < data.length; start += codec.chunk) {
          const chunk = data.subarray(start, start + codec.chunk);
          const order = [...chunk.keys()]
            .filter((i) => Math.abs(chunk[i]!) >= 2 ** -126)
            .sort((a, b) => Math.abs(chunk[b]!) - Math.abs(chunk[a]!) || a - b);
          const kept = new Set(order.slice(0, Math.ceil((codec.kept * chunk.length) / codec.chunk)));
          chunk.forEach((value, i) => {
            expect(Math.sign(restored[start + i]!)).toBe(kept.has(i) ? Math.sign(value) : 0);
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('with two bits has the least squared error that two magnitudes can have, but for their rounding', () => {
    const codec = { chunk: 24, kept: 10, bits: 2 };
    for (let i = 0; i < 50; i++) {
      const data = randomTensors([{ name: 'w', shape: [24] }], `levels ${i}`).get('w')!.data;
      const sent = [...data].map(Math.abs).sort((a, b) => b - a).slice(0, 10); // biome-ignore format: one line
      let least = Number.POSITIVE_INFINITY;
      for (let split = 0; split < sent.length; split++) {
        least = Math.min(least, squaresAround(sent.slice(0, split)) + squaresAround(sent.slice(split)));
      }
      let error = 0;
      decoded(codec, data).forEach((value, at) => {
        if (value !== 0) error += (data[at]! - value) ** 2;
      });
      const ofRounding = sent.reduce((sum, value) => sum + (value * 2 ** -8) ** 2, 0);
      expect(error).toBeLessThan(least + ofRounding);
    }
  });

  it('with more bits is at most half a step, and the rounding of the scales, away', () => {
    const data = randomTensors([{ name: 'w', shape: [4096] }], 'steps', 0.01).get('w')!.data;
    for (const bits of [3, 4, 8]) {
      const restored = decoded({ chunk: 4096, kept: 128, bits }, data);
      const sent = [...data.keys()].filter((i) => restored[i] !== 0);
      const magnitudes = sent.map((i) => Math.abs(data[i]!));
      const step = (Math.max(...magnitudes) - Math.min(...magnitudes)) / (2 ** (bits - 1) - 1);
      for (const i of sent) {
        expect(Math.abs(restored[i]! - data[i]!)).toBeLessThan(step / 2 + Math.abs(data[i]!) * 2 ** -7);
      }
    }
  });

  it('never loses more than it was given', () => {
    fc.assert(
      fc.property(parameters, values, (codec, data) => {
        const finite = data.map((value) => Math.min(1e30, Math.max(-1e30, value)));
        const restored = decoded(codec, finite);
        const lost = finite.map((value, i) => value - restored[i]!);
        // Rounding the scales to eight bits can add a 2^-8th of what is sent.
        expect(norm(lost)).toBeLessThanOrEqual(norm(finite) * (1 + 2 ** -8));
      }),
      { numRuns: 500 },
    );
  });

  describe('of four values, two of them sent with two bits', () => {
    const codec = topK({ chunk: 4, kept: 2, bits: 2 });
    const out = new Float32Array(4);

    it('is laid out as documented', () => {
      const bytes = new Uint8Array(codec.chunkBytes(4)).fill(0xff);
      codec.write(Float32Array.of(0, 1, 0.5, -2), bytes);
      // Scales 1 and 2. Then from the lowest bit on: positions 1 and 3 in unary (01001), codes 0 and 3 (00 11).
      expect([...bytes]).toEqual([0x80, 0x3f, 0x00, 0x40, 0b1001_0010, 0b1]);
      expect(codec.read(bytes, out)).toBeNull();
      expect([...out]).toEqual([0, 1, 0, -2]);
    });

    it.each<[string, number[]]>([
      ['scales', [0x00, 0x40, 0x80, 0x3f, 0x92, 0x01]],
      ['scales', [0x01, 0x00, 0x00, 0x40, 0x92, 0x01]],
      ['scales', [0x80, 0x3f, 0x80, 0x7f, 0x92, 0x01]],
      ['scales', [0x80, 0xbf, 0x00, 0x40, 0x92, 0x01]],
      ['values without a scale', [0x00, 0x00, 0x00, 0x40, 0x92, 0x01]],
      ['values without a scale', [0x00, 0x00, 0x00, 0x00, 0x92, 0x01]],
      ['a scale without values', [0x80, 0x3f, 0x00, 0x40, 0x00, 0x00]],
      ['more than 2 values', [0x80, 0x3f, 0x00, 0x40, 0x95, 0x01]],
      ['positions that do not ascend', [0x80, 0x3f, 0x00, 0x40, 0x83, 0x01]],
      ['a position beyond 4 values', [0x80, 0x3f, 0x80, 0x3f, 0x10, 0x00]],
      ['scales that no value has', [0x80, 0x3f, 0x00, 0x40, 0x12, 0x00]],
      ['scales that no value has', [0x80, 0x3f, 0x80, 0x3f, 0x92, 0x01]],
      ['padding that is not zero', [0x80, 0x3f, 0x00, 0x40, 0x92, 0x81]],
      // One value is sent, so the second code must be zero too.
      ['padding that is not zero', [0x80, 0x3f, 0x80, 0x3f, 0x82, 0x00]],
    ])('refuses %s', (fault, bytes) => {
      expect(codec.read(Uint8Array.from(bytes), out)).toContain(fault);
    });
  });
});

describe('bfloat16', () => {
  it('is the nearest of its neighbours, ties to even, and never infinite', () => {
    for (let bits = 0x0080; bits < 0x7f7f; bits++) {
      const value = bfloat16Value(bits);
      const next = bfloat16Value(bits + 1);
      expect(bfloat16Bits(value)).toBe(bits);
      expect(bfloat16Bits((value + next) / 2)).toBe(bits % 2 === 0 ? bits : bits + 1);
    }
    expect(bfloat16Bits(3.4028234e38)).toBe(0x7f7f);
  });
});

function squaresAround(list: readonly number[]): number {
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return list.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

function norm(data: Float32Array): number {
  return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));
}
