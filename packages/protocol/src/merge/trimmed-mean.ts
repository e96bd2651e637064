import { columnLength, type MergeColumns } from './merge-columns.ts';

/** The unweighted mean of each coordinate without the largest and smallest `hostileFraction` of values (Yin et al. 2018). */
export function trimmedMean(columns: MergeColumns): Float32Array {
  const { deltas, clips, hostileFraction } = columns;
  const merged = new Float32Array(columnLength(columns));
  const values = new Float32Array(deltas.length);
  const cut = Math.floor(hostileFraction * deltas.length);
  const kept = deltas.length - 2 * cut;
  for (let k = 0; k < merged.length; k++) {
    for (let i = 0; i < deltas.length; i++) values[i] = clips[i]! * deltas[i]![k]!;
    values.sort();
    let sum = 0;
    for (let i = cut; i < cut + kept; i++) sum = Math.fround(sum + values[i]!);
    merged[k] = sum / kept;
  }
  return merged;
}
