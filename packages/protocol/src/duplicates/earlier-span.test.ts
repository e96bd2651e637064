import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../encoding/random.ts';
import { seedOf } from '../testing/example-run.ts';
import { EarlierSpan } from './earlier-span.ts';

const random = new SeededRandom(seedOf('span'));
const unit = (values: Float64Array): Float64Array => {
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
};
const vectorOf = (width: number): Float64Array =>
  Float64Array.from({ length: width }, () => random.nextGaussian());
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const minus = (a: Float64Array, factor: number, b: Float64Array) =>
  a.map((value, i) => value - factor * b[i]!);

/** What no vector of an orthonormal basis explains, and the basis of some vectors (modified Gram–Schmidt). */
function rest(vector: Float64Array, basis: readonly Float64Array[]): Float64Array {
  return basis.reduce((left, direction) => minus(left, dot(left, direction), direction), vector);
}
function basisOf(vectors: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const vector of vectors) basis.push(unit(rest(vector, basis)));
  return basis;
}

describe('earlier span', () => {
  const shared = vectorOf(400);
  const works = Array.from({ length: 7 }, () => unit(minus(vectorOf(400), -1, shared)));
  const next = unit(minus(vectorOf(400), -1, shared));
  const span = new EarlierSpan();
  for (const work of works) span.add(work);
  const compared = span.compare(next);

  it('gives the cosine of what all others leave of two vectors', () => {
    for (const [i, work] of works.entries()) {
      const basis = basisOf(works.filter((other) => other !== work));
      const [a, b] = [rest(next, basis), rest(work, basis)];
      const expected = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
      expect(compared.cosines[i]).toBeCloseTo(dot(next, work), 9);
      expect(Math.abs(compared.partialCosines[i]! - expected)).toBeLessThan(2e-3);
    }
  });

  it('takes away what independent vectors share', () => {
    expect(Math.min(...compared.cosines)).toBeGreaterThan(0.35);
    expect(Math.max(...compared.partialCosines.map(Math.abs))).toBeLessThan(0.25);
  });

  it('counts the others that share as much, and noise not at all', () => {
    for (const sharing of compared.sharing) {
      expect(sharing).toBeGreaterThan(5);
      expect(sharing).toBeLessThanOrEqual(6);
    }
    const noisy = new EarlierSpan();
    for (const vector of [works[0]!, ...Array.from({ length: 6 }, () => unit(vectorOf(400)))])
      noisy.add(vector);
    expect(noisy.compare(next).sharing[0]).toBeLessThan(0.5);
  });

  it('is the plain cosine where there is one vector', () => {
    const alone = new EarlierSpan();
    alone.add(works[0]!);
    const { cosines, partialCosines } = alone.compare(next);
    expect(partialCosines[0]).toBeCloseTo(cosines[0]!, 2);
  });

  it('stays finite for vectors that are equal, opposite or zero', () => {
    const degenerate = new EarlierSpan();
    const opposite = works[0]!.map((value) => -value);
    for (const vector of [works[0]!, works[0]!, opposite, new Float64Array(400)]) {
      const { partialCosines } = degenerate.compare(vector);
      expect(partialCosines.every((value) => Number.isFinite(value) && Math.abs(value) <= 1)).toBe(true);
      degenerate.add(vector);
    }
  });
});
