import { requireArgument } from '../errors.ts';

/** One tensor of every update, in uid order, before clipping. Values are local − global. */
export type MergeColumns = {
  readonly deltas: readonly Float32Array[];
  /** What norm clipping multiplies each update by, in (0, 1]. */
  readonly clips: readonly number[];
  /** Shares of the scores; they sum to 1 up to rounding. */
  readonly shares: readonly number[];
  readonly trimFraction: number;
};

/**
 * How updates become one. Every rule rounds to float32 after each operation and works in uid order, so that any two
 * machines get the same bytes: float32 results of `+ − × ÷` computed in doubles and then rounded are those of float32
 * arithmetic (Figueroa 1995), and JavaScript never fuses or reorders.
 */
export type MergeRule = (columns: MergeColumns) => Float32Array;

/** Number of values per column. Fails with `invalid_argument` where columns differ or are missing. */
export function columnLength({ deltas }: MergeColumns): number {
  const length = deltas[0]?.length;
  requireArgument(
    length !== undefined && deltas.every((delta) => delta.length === length),
    'Merge columns differ.',
  );
  return length;
}
