import { requireArgument } from '../errors.ts';

/** One tensor of every update, in uid order, after clipping is known but before it is applied. Values are local − global. */
export type MergeColumns = {
  readonly deltas: readonly Float32Array[];
  /** What norm clipping multiplies each update by, in (0, 1]. */
  readonly clips: readonly number[];
  /** Largest part of the updates assumed hostile, below one half. */
  readonly hostileFraction: number;
};

/** Number of values per column. Fails with `invalid_argument` where columns differ or are missing. */
export function columnLength({ deltas }: MergeColumns): number {
  const length = deltas[0]?.length;
  requireArgument(
    length !== undefined && deltas.every((delta) => delta.length === length),
    'Merge columns differ.',
  );
  return length;
}
