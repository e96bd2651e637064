import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, uint64Bytes, utf8 } from './bytes.ts';
import { sha256 } from './hash.ts';
import { SeededRandom } from './random.ts';

const seed = sha256(utf8('a seed'));

describe('seeded random', () => {
  it('is sha256 in counter mode', () => {
    const random = new SeededRandom(seed);
    const words = Array.from({ length: 10 }, () => random.nextUint32());
    const second = new DataView(sha256(concatBytes([seed, uint64Bytes(1)])).buffer);
    expect(words[8]).toBe(second.getUint32(0, true));
    expect(words[9]).toBe(second.getUint32(4, true));
  });

  it('gives each residue equally often, also below a bound that does not divide 2^32', () => {
    const random = new SeededRandom(seed);
    const counts = new Array<number>(6).fill(0);
    const draws = 12_000;
    for (let i = 0; i < draws; i++) {
      const value = random.nextBelow(6);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - draws / 6) ** 2 / (draws / 6), 0);
    // 99.9 % quantile of chi-square with 5 degrees of freedom.
    expect(chiSquare).toBeLessThan(20.5);
  });

  it('samples without replacement from any pool', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.nat(300), (poolSize, wanted) => {
        const count = Math.min(wanted, poolSize);
        const chosen = new SeededRandom(seed).sample(poolSize, count);
        expect(new Set(chosen).size).toBe(count);
        expect(chosen.every((value) => value >= 0 && value < poolSize)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('samples each member equally often', () => {
    const random = new SeededRandom(seed);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 2000; i++) for (const j of random.sample(10, 3)) counts[j] = (counts[j] ?? 0) + 1;
    for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(100);
  });

  it('shuffles into a permutation', () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const shuffled = new SeededRandom(seed).shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.sort((a, b) => a - b)).toEqual(items);
  });

  it('draws normal variates of mean 0 and variance 1', () => {
    const random = new SeededRandom(seed);
    const n = 10_000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const x = random.nextGaussian();
      sum += x;
      squares += x * x;
    }
    expect(Math.abs(sum / n)).toBeLessThan(0.04);
    expect(Math.abs(squares / n - 1)).toBeLessThan(0.06);
  });

  it('keeps floats in [0, 1)', () => {
    const random = new SeededRandom(seed);
    for (let i = 0; i < 1000; i++) {
      const x = random.nextFloat();
      expect(x >= 0 && x < 1).toBe(true);
    }
  });
});
