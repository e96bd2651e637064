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
 * Mean of paired differences with one-sided Student t bounds: where the true mean is zero, `lower` is positive with
 * probability `falseRewardRate` (exactly so for normal differences, nearly so for means of many).
 */
export function pairedStatistics(differences: Float64Array, falseRewardRate: number): PairedStatistics {
  const n = differences.length;
  requireArgument(n >= 2, `A confidence bound needs at least 2 differences, got ${n}.`);
  let sum = 0;
  for (const difference of differences) sum += difference;
  const mean = sum / n;
  let squares = 0;
  for (const difference of differences) squares += (difference - mean) * (difference - mean);
  const standardError = Math.sqrt(squares / (n - 1) / n);
  const reach = studentQuantile(falseRewardRate, n - 1) * standardError;
  return { n, mean, standardError, lower: mean - reach, upper: mean + reach };
}

/** The one-sided lower confidence bound of the mean difference. */
export function lowerConfidenceBound(differences: Float64Array, falseRewardRate: number): number {
  return pairedStatistics(differences, falseRewardRate).lower;
}
