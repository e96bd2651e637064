import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestRemainder } from './largest-remainder.ts';

const split = (total: bigint, weights: readonly bigint[]) => [
  ...largestRemainder(
    total,
    weights.map((weight, key) => ({ key, weight })),
  ).values(),
];

describe('a split by largest remainder', () => {
  it('gives the units that are left to the largest remainders, ties to the first', () => {
    expect(split(10n, [1n, 1n, 1n])).toEqual([4n, 3n, 3n]);
    expect(split(100n, [1n, 2n, 3n])).toEqual([17n, 33n, 50n]);
    expect(split(1n, [1n, 5n])).toEqual([0n, 1n]);
  });

  it('gives nothing where nobody has a claim', () => {
    expect(split(7n, [0n, 0n])).toEqual([0n, 0n]);
    expect(split(7n, [])).toEqual([]);
  });

  it('adds up to the last unit, and is off by less than one unit for everybody', () => {
    const weights = fc.array(fc.bigInt(0n, 10n ** 24n), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 24n), weights, (total, claims) => {
        const whole = claims.reduce((sum, weight) => sum + weight, 0n);
        const given = split(total, claims);
        expect(given.reduce((sum, units) => sum + units, 0n)).toBe(whole === 0n ? 0n : total);
        given.forEach((units, i) => {
          // |units − total·weight/whole| < 1, without dividing.
          const distance = units * whole - total * claims[i]!;
          expect(distance < whole || whole === 0n).toBe(true);
          expect(-distance < whole || whole === 0n).toBe(true);
        });
      }),
      { numRuns: 200 },
    );
  });
});
