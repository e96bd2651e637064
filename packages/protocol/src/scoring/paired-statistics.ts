import { requireArgument } from '../errors.ts';
import { studentQuantile } from './student-t.ts';

/** Summary of paired differences, in the unit of the differences. `lower` and `upper` are each one-sided bounds. */
export type PairedStatistics = {
  readonly n: number;
  readonly mean: number;
  readonly standardError: number;
  readonly lower: number;
  readonly upper: number;
};

/** `before[j] − after[j]`: positive where `after` has the smaller loss. */
export function pairedDifferences(before: Float64Array, after: Float64Array): Float64Array {
  requireArgument(
    before.length === after.length,
    `Cannot pair ${before.length} losses with ${after.length}.`,
  );
  return before.map((loss, j) => loss - after[j]!);
}

/**
 * Mean of paired differences with one-sided bounds: where the true mean is zero, `lower` is positive with probability
 * `falseRewardRate` at most. Exactly so for normal differences; for the real ones of the shipped foundation it is measured, in
 * docs/understand/proof-of-loss.md.
 *
 * Each bound is Student's, or Hall's (1992) if that is further away. Student's alone is passed too often by updates that help
 * most sequences a little and hurt few of them much; Hall's transformation removes the skewness of the statistic.
 */
export function pairedStatistics(differences: Float64Array, falseRewardRate: number): PairedStatistics {
  const n = differences.length;
  requireArgument(n >= 2, `A confidence bound needs at least 2 differences, got ${n}.`);
  let sum = 0;
  for (const difference of differences) sum += difference;
  const mean = sum / n;
  let squares = 0;
  let cubes = 0;
  for (const difference of differences) {
    const distance = difference - mean;
    squares += distance * distance;
    cubes += distance * distance * distance;
  }
  const deviation = Math.sqrt(squares / (n - 1));
  const standardError = deviation / Math.sqrt(n);
  const skewness = deviation === 0 ? 0 : cubes / n / (deviation * deviation * deviation);
  const t = studentQuantile(falseRewardRate, n - 1);
  return {
    n,
    mean,
    standardError,
    lower: mean - reachInErrors(t, -skewness, n) * standardError,
    upper: mean + reachInErrors(t, skewness, n) * standardError,
  };
}

/** How many standard errors a bound is away from the mean, where the sample has `skewness` towards the bound's side. */
function reachInErrors(t: number, skewness: number, n: number): number {
  // The other way round Hall's bound would be nearer than Student's, by an estimate that is poor in small samples.
  if (skewness <= 0) return t;
  const root = Math.sqrt(n);
  const hall = ((3 * root) / skewness) * (1 - cubeRoot(1 - skewness * (t / root + skewness / (6 * n))));
  return Math.max(t, hall);
}

/** By bisection to the last bit: `Math.cbrt` may differ between engines, and scores are hashed. */
function cubeRoot(x: number): number {
  const size = Math.abs(x);
  let low = 0;
  let high = Math.max(1, size);
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return Math.sign(x) * middle;
    if (middle * middle * middle < size) low = middle;
    else high = middle;
  }
}

/** The one-sided lower confidence bound of the mean difference. */
export function lowerConfidenceBound(differences: Float64Array, falseRewardRate: number): number {
  return pairedStatistics(differences, falseRewardRate).lower;
}
