import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalNumber } from '../encoding/decimal.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { exampleRun } from '../testing/example-run.ts';
import { boundedTravel, isExcessive, longestTravel, travelOf } from './bounded-travel.ts';

const definition = exampleRun();
const { inner } = definition;
const bound = decimalNumber(inner.maxTravel);
const longest = longestTravel(inner);

/** Tensors of two values each. */
const deltaOf = (...pairs: readonly (readonly number[])[]): TensorMap =>
  new Map(pairs.map((data, i) => [`${i}`, { shape: [2], data: Float32Array.from(data) }]));
const times = (delta: TensorMap, factor: number): TensorMap =>
  new Map([...delta].map(([name, { shape, data }]) => [name, { shape, data: data.map((v) => factor * v) }]));

describe('the travel of an update', () => {
  it('is counted in learning rates of all steps, warm-up included', () => {
    // Twenty steps, the first of two at half of the rate.
    expect(longest).toBeCloseTo(19.5 * 0.001, 12);
    const [tensor] = deltaOf([longest, -longest]).values();
    expect(travelOf(tensor!, inner)).toBeCloseTo(1, 6);
  });

  it('is left alone within the bound', () => {
    const delta = deltaOf([0.4 * longest, 0.4 * longest], [0, 0]);
    expect(boundedTravel(delta, definition)).toEqual(delta);
  });

  it('overstepping earns nothing: an update of the longest travel times any factor is the same work', () => {
    const delta = boundedTravel(deltaOf([longest, longest], [3 * longest, -longest]), definition);
    const value = fc.double({ min: 1, max: 900, noNaN: true });
    fc.assert(
      fc.property(value, value, (whole, layer) => {
        const larger = times(delta, whole);
        const oneLayer = new Map([...larger, ['1', times(delta, layer).get('1')!]]);
        for (const [name, { data }] of boundedTravel(oneLayer, definition)) {
          const expected = delta.get(name)!.data;
          for (const [i, v] of data.entries()) expect(v / expected[i]!).toBeCloseTo(1, 5);
        }
      }),
    );
  });

  it('is never beyond the bound, whatever was sent, and its direction stays', () => {
    const value = fc.float({ noNaN: true, min: -1, max: 1 });
    fc.assert(
      fc.property(fc.tuple(value, value), (pair) => {
        const [tensor] = boundedTravel(deltaOf(pair), definition).values();
        expect(travelOf(tensor!, inner)).toBeLessThanOrEqual(bound * (1 + 1e-4));
        pair.forEach((sent, i) => {
          expect(Math.sign(tensor!.data[i]!) * Math.sign(sent)).toBeGreaterThanOrEqual(0);
        });
      }),
    );
  });

  it('of a thousand times what steps can take is left for the exam to judge, and never paid', () => {
    const delta = deltaOf([0.4 * longest, 0], [2000 * longest, 0]);
    expect(isExcessive(delta, definition)).toBe(true);
    expect(boundedTravel(delta, definition)).toBe(delta);
    expect(isExcessive(times(delta, 0.1), definition)).toBe(false);
  });

  it('does not depend on what others sent', () => {
    const own = deltaOf([5 * longest, longest]);
    const beside = new Map([...own, ['stranger', { shape: [1], data: Float32Array.of(900 * longest) }]]);
    expect(boundedTravel(beside, definition).get('0')).toEqual(boundedTravel(own, definition).get('0'));
  });
});
