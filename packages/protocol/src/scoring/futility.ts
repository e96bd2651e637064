import { pairedStatistics } from './paired-statistics.ts';
import { studentQuantile } from './student-t.ts';

/**
 * How many standard errors better than observed the rest of the sample is assumed to turn out. At 2, an update whose
 * full-sample bound would be positive is dropped in about one case in forty at worst, while most junk goes early.
 */
const OPTIMISM_STANDARD_ERRORS = 2;

/**
 * Whether measurement may stop because even a favourable rest of the sample would leave the lower bound at or below
 * zero. `differences` are the first ones of a fixed sample of `plannedSequences`.
 *
 * Stopping only ever makes a score zero, so it cannot raise the false-reward rate: what is accepted was measured in
 * full. There is no stopping when ahead.
 */
export function isFutile(
  differences: Float64Array,
  plannedSequences: number,
  falseRewardRate: number,
): boolean {
  const observed = differences.length;
  if (observed < 2 || observed >= plannedSequences) return false;
  const { mean, standardError } = pairedStatistics(differences, falseRewardRate);
  if (standardError === 0) return mean <= 0;
  const favourable = mean + OPTIMISM_STANDARD_ERRORS * standardError;
  const remaining = plannedSequences - observed;
  const projectedMean = (observed * mean + remaining * favourable) / plannedSequences;
  // Student's reach: a skewness of so few is no ground for giving up.
  const reach = studentQuantile(falseRewardRate, observed - 1) * standardError;
  const projectedReach = reach * Math.sqrt(observed / plannedSequences);
  return projectedMean - projectedReach <= 0;
}
