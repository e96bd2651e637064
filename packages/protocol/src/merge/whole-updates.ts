import { sortedNames, type TensorMap, tensorNamed } from '../tensor/tensor.ts';

/** Updates of one group in uid order, as rules see them that weigh whole updates. */
export type WholeUpdates = {
  readonly deltas: readonly TensorMap[];
  /** What norm clipping multiplies each update by, in (0, 1]. */
  readonly clips: readonly number[];
  /** Shares of the scores; they sum to 1 up to rounding. */
  readonly shares: readonly number[];
  /** Largest part of the updates assumed hostile, below one half. */
  readonly hostileFraction: number;
};

/**
 * Inner products of all pairs of clipped updates, `[n][n]`, summed as doubles in name order, then by element. Everything
 * about angles and distances follows from them, and the work is `n² / 2` passes over the group.
 */
export function gramMatrix({ deltas, clips }: Pick<WholeUpdates, 'deltas' | 'clips'>): number[][] {
  const names = sortedNames(deltas[0]?.keys() ?? []);
  const gram = deltas.map(() => new Array<number>(deltas.length).fill(0));
  for (let i = 0; i < deltas.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (const name of names) {
        const a = tensorNamed(deltas[i]!, name).data;
        const b = tensorNamed(deltas[j]!, name).data;
        for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
      }
      const product = clips[i]! * clips[j]! * sum;
      gram[i]![j] = product;
      gram[j]![i] = product;
    }
  }
  return gram;
}

/** Squared distance of update `i` from `Σ_j centre_j · update_j`, at least 0. */
export function squaredDistance(
  gram: readonly (readonly number[])[],
  i: number,
  centre: readonly number[],
): number {
  let cross = 0;
  let own = 0;
  for (const [j, a] of centre.entries()) {
    cross += a * gram[i]![j]!;
    for (const [k, b] of centre.entries()) own += a * b * gram[j]![k]!;
  }
  return Math.max(0, gram[i]![i]! - 2 * cross + own);
}
