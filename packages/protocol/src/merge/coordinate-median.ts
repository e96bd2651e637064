import { columnLength, type MergeColumns } from './merge-columns.ts';

/**
 * The median of each coordinate, the mean of the two middle values for an even number (Yin et al. 2018). Scores do not
 * weigh: a robust rule that trusts scores is as weak as they are.
 */
export function coordinateMedian(columns: MergeColumns): Float32Array {
  const { deltas, clips } = columns;
  const merged = new Float32Array(columnLength(columns));
  const values = new Float32Array(deltas.length);
  const middle = deltas.length >> 1;
  for (let k = 0; k < merged.length; k++) {
    for (let i = 0; i < deltas.length; i++) values[i] = clips[i]! * deltas[i]![k]!;
    values.sort();
    const upper = values[middle]!;
    merged[k] = deltas.length % 2 === 1 ? upper : Math.fround(values[middle - 1]! + upper) * 0.5;
  }
  return merged;
}
