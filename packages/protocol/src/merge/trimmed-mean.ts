import { columnLength, type MergeRule } from './merge-columns.ts';

/** The unweighted mean of each coordinate without the largest and smallest `trimFraction` of values (Yin et al. 2018). */
export const trimmedMean: MergeRule = (columns) => {
  const { deltas, clips, trimFraction } = columns;
  const merged = new Float32Array(columnLength(columns));
  const values = new Float32Array(deltas.length);
  const cut = Math.floor(trimFraction * deltas.length);
  const kept = deltas.length - 2 * cut;
  for (let k = 0; k < merged.length; k++) {
    for (let i = 0; i < deltas.length; i++) values[i] = clips[i]! * deltas[i]![k]!;
    values.sort();
    let sum = 0;
    for (let i = cut; i < cut + kept; i++) sum = Math.fround(sum + values[i]!);
    merged[k] = sum / kept;
  }
  return merged;
};
