import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

describe('SeededRandom', () => {
  it('gives the same stream for ever', () => {
    const random = SeededRandom.fromText('connito');
    const integers = SeededRandom.fromIntegers(1, 2);
    expect([random.next(), random.next(), random.next()]).toMatchInlineSnapshot(`
      [
        554912561,
        3388910707,
        2535833441,
      ]
    `);
    expect([integers.next(), integers.next(), integers.next()]).toMatchInlineSnapshot(`
      [
        4198616899,
        3289234483,
        488419817,
      ]
    `);
  });

  it('is even over a range', () => {
    const random = SeededRandom.fromText('even');
    const counts = new Uint32Array(7);
    for (let draw = 0; draw < 70_000; draw++) counts[random.integer(0, 6)]! += 1;
    // Six standard deviations of a binomial count.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(6 * 93);
  });

  it('separates neighbouring indices', () => {
    const firsts = new Set(
      Array.from({ length: 10_000 }, (_, index) => SeededRandom.fromIntegers(5, index).next()),
    );
    expect(firsts.size).toBeGreaterThan(9_995);
  });

  it('stays inside bounds, and shuffles without loss', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: -1000, max: 1000 }), fc.nat(1000), (seed, low, span) => {
        const random = SeededRandom.fromText(seed);
        const value = random.integer(low, low + span);
        expect(value).toBeGreaterThanOrEqual(low);
        expect(value).toBeLessThanOrEqual(low + span);
        const values = Array.from({ length: 20 }, (_, index) => index);
        expect(random.shuffle([...values]).sort((left, right) => left - right)).toEqual(values);
        expect(new Set(random.sample(values, 7)).size).toBe(7);
      }),
    );
  });
});
