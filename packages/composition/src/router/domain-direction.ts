import { solvePositiveDefinite } from './cholesky.ts';
import type { LayerStatistics } from './routing-statistics.ts';

/** What the ridge regression of a domain's direction is told. Chosen on held-out text; see bench/composition. */
export type RidgeOptions = {
  /** Ridge penalty, as a share of the mean square of h. */
  readonly penalty: number;
  /** Weight of the base text against the domain's own. */
  readonly baseWeight: number;
  /** What base tokens should score, where the domain's own should score 1. */
  readonly baseTarget: number;
  /** Mean score of the domain's own tokens, in units of the spread of the native logits. */
  readonly sharpness: number;
};

export const RIDGE: RidgeOptions = { penalty: 1e-3, baseWeight: 0.3, baseTarget: -0.5, sharpness: 50 };

/**
 * The direction c in which a domain's hidden states differ from the base text's: `[hiddenSize]`, so that c·h is positive on
 * the domain's tokens and negative elsewhere. Least squares from the base's second moment and the domain's own statistics,
 * nothing else, so no other specialist changes it:
 *
 *   c = (M_d + w M_b + λ I)⁻¹ (m_d + w t m_b)
 *
 * with M and m the means of h hᵀ and h, w `baseWeight`, t `baseTarget`; then scaled to `sharpness` times the spread of the
 * native logits, `[experts, hiddenSize]` rows over the base text.
 */
export function domainDirection(
  base: LayerStatistics,
  own: LayerStatistics,
  nativeRows: Float32Array,
  options: RidgeOptions,
): Float64Array {
  const { penalty, baseWeight, baseTarget, sharpness } = options;
  const size = base.mean.length;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < matrix.length; i++) matrix[i] = own.moment[i]! + baseWeight * base.moment[i]!;
  let trace = 0;
  for (let i = 0; i < size; i++) trace += matrix[i * size + i]!;
  for (let i = 0; i < size; i++) matrix[i * size + i]! += (penalty * trace) / size;
  const right = Float64Array.from(own.mean, (m, i) => m + baseWeight * baseTarget * base.mean[i]!);
  const direction = solvePositiveDefinite(matrix, right);
  const score = dot(direction, own.mean);
  if (!(score > 0)) throw new RangeError(`the domain's own tokens score ${score}`);
  const scale = (sharpness * logitSpread(base, nativeRows)) / score;
  return direction.map((value) => value * scale);
}

/** Root mean square of the native logits about each token's mean logit, over the base text. */
export function logitSpread({ moment, mean }: LayerStatistics, rows: Float32Array): number {
  const size = mean.length;
  const experts = rows.length / size;
  const centre = new Float64Array(size);
  for (let i = 0; i < rows.length; i++) centre[i % size]! += rows[i]! / experts;
  let total = 0;
  for (let expert = 0; expert < experts; expert++) {
    const row = Float64Array.from(centre, (c, i) => rows[expert * size + i]! - c);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) total += row[i]! * moment[i * size + j]! * row[j]!;
    }
  }
  return Math.sqrt(total / experts);
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
