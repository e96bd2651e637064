import { solvePositiveDefinite } from './cholesky.ts';
import { logitSpread } from './domain-direction.ts';
import type { LayerStatistics } from './routing-statistics.ts';

/** How far below the native logits a spare expert's is meant to be, in spreads of them. */
const DEPTH = 1000;
const PENALTY = 1e-4;

/**
 * A router row `[hiddenSize]` whose logit is far below all others on any text like the base's: minus the least-squares solution
 * of "1 for every token". A router has no bias, so this is as near to a constant as a row comes; whether it is ever chosen
 * is measured, not proven.
 */
export function spareRow(base: LayerStatistics, nativeRows: Float32Array): Float64Array {
  const size = base.mean.length;
  const matrix = Float64Array.from(base.moment);
  let trace = 0;
  for (let i = 0; i < size; i++) trace += matrix[i * size + i]!;
  for (let i = 0; i < size; i++) matrix[i * size + i]! += (PENALTY * trace) / size;
  const constant = solvePositiveDefinite(matrix, Float64Array.from(base.mean));
  const depth = DEPTH * logitSpread(base, nativeRows);
  return constant.map((value) => -depth * value);
}
