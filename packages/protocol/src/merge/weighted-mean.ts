import { columnLength, type MergeRule } from './merge-columns.ts';

/** Σ share·clip·delta: the mean weighted by score. Not robust by itself; clipping bounds what one update can do. */
export const weightedMean: MergeRule = (columns) => {
  const merged = new Float32Array(columnLength(columns));
  columns.deltas.forEach((delta, i) => {
    const factor = Math.fround(columns.shares[i]! * columns.clips[i]!);
    for (let k = 0; k < merged.length; k++) {
      // Storing into a Float32Array rounds the sum.
      merged[k] = merged[k]! + Math.fround(factor * delta[k]!);
    }
  });
  return merged;
};
