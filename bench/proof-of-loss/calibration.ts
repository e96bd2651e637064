import { BOUNDS, type Bound } from './bounds.ts';
import { drawWithoutReplacement, drawWithReplacement, FastRandom } from './seeded.ts';
import type { Kind, MeasuredUpdate } from './updates.ts';

export const SIZES = [8, 16, 32, 64, 128] as const;
const SLOW_TRIALS = 1000;
const SLOW_SIZES = 32;

/** How exams are drawn: `texts` as if the pool were endless, `pool` without repeating a document, as the protocol does. */
export type Draw = 'texts' | 'pool';

/** How often an update of no gain would have been rewarded. */
export type FalseRewards = {
  readonly bound: string;
  readonly draw: Draw;
  readonly n: number;
  readonly kind: Kind;
  readonly domain: string;
  readonly round: number;
  readonly skewness: number;
  readonly trials: number;
  readonly rewarded: number;
};

/** Differences shifted so that their mean is exactly zero gain. */
export function recentred(gains: readonly number[]): Float64Array {
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  return Float64Array.from(gains, (gain) => gain - mean);
}

export function skewnessOf(values: ArrayLike<number>): number {
  const n = values.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i]! / n;
  let squares = 0;
  let cubes = 0;
  for (let i = 0; i < n; i++) {
    squares += (values[i]! - mean) ** 2 / n;
    cubes += (values[i]! - mean) ** 3 / n;
  }
  return squares === 0 ? 0 : cubes / squares ** 1.5;
}

/** Resamples every update's recentred differences `trials` times for each size and way of drawing. */
export function calibrate(
  updates: readonly MeasuredUpdate[],
  rate: number,
  trials: number,
  draws: readonly Draw[],
  bounds: readonly Bound[] = BOUNDS,
): FalseRewards[] {
  const results: FalseRewards[] = [];
  for (const [index, { kind, domain, round, gains }] of updates.entries()) {
    const values = recentred(gains);
    const skewness = skewnessOf(values);
    for (const draw of draws) {
      for (const n of SIZES) {
        if (n > values.length) continue;
        const random = new FastRandom(1 + index * 1000 + n);
        const order = Uint32Array.from(values, (_, i) => i);
        const sample = new Float64Array(n);
        const tried = bounds.map((bound) => {
          const own = bound.slow === true ? (n > SLOW_SIZES ? 0 : Math.min(SLOW_TRIALS, trials)) : trials;
          return { bound, trials: own, rewarded: 0 };
        });
        for (let trial = 0; trial < trials; trial++) {
          if (draw === 'texts') drawWithReplacement(values, sample, random);
          else drawWithoutReplacement(values, order, sample, random);
          for (const counter of tried) {
            if (trial < counter.trials && counter.bound.lower(sample, rate) > 0) counter.rewarded += 1;
          }
        }
        for (const counter of tried) {
          if (counter.trials === 0) continue;
          const { rewarded } = counter;
          results.push({
            ...{ bound: counter.bound.name, draw, n, kind, domain, round, skewness },
            ...{ trials: counter.trials, rewarded },
          });
        }
      }
    }
  }
  return results;
}

export type Rate = {
  readonly trials: number;
  readonly rewarded: number;
  readonly rate: number;
  readonly interval: readonly [number, number];
};

/** A rate with its 95 % binomial interval (Wilson 1927). */
export function rateOf(counts: readonly { readonly trials: number; readonly rewarded: number }[]): Rate {
  const trials = counts.reduce((sum, count) => sum + count.trials, 0);
  const rewarded = counts.reduce((sum, count) => sum + count.rewarded, 0);
  const z = 1.959964;
  const p = rewarded / trials;
  const scale = 1 + (z * z) / trials;
  const middle = (p + (z * z) / (2 * trials)) / scale;
  const reach = (z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials))) / scale;
  return { trials, rewarded, rate: p, interval: [Math.max(0, middle - reach), Math.min(1, middle + reach)] };
}
