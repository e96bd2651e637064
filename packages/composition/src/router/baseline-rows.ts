import { floats } from '@connito/engine';
import { type Checkpoint, expertName, LAYER, layerPrefix } from '@connito/model';
import type { RowOf } from '../compose.ts';
import type { Specialist } from '../specialist.ts';
import { dot, logitSpread } from './domain-direction.ts';
import { type BaseStatistics, pooledStatistics } from './routing-statistics.ts';
import { spareRow } from './spare-row.ts';

/**
 * Rows that others use, to measure ours against. Each adds a direction to the row of the base's expert, as `ridgeRows` does,
 * scaled so that the domain's own text scores `sharpness` spreads of the native logits on average.
 *
 * - `embedding`: the difference of the means of hidden states, domain's less base's, without the second moments
 * - `arrow`: from the parameters alone (Ostapenko et al. 2024): the input direction that the expert's delta acts on most. Arrow
 *   takes the absolute value of the score, which a router row cannot; the sign is that of the base's own row
 */
export type BaselineRows = 'embedding' | 'arrow';

export function baselineRows(
  kind: BaselineRows,
  base: Checkpoint,
  baseStatistics: BaseStatistics,
  specialists: readonly Specialist[],
  sharpness: number,
): RowOf {
  const { hiddenSize } = base.config;
  const pooled = pooledStatistics([...baseStatistics.values()]);
  return (layer, slot) => {
    const native = floats(base.parameters.get(layerPrefix(layer) + LAYER.router)!);
    const statistics = pooled.layers[layer]!;
    if (slot.kind === 'spare') return spareRow(statistics, native);
    if (slot.kind === 'base') throw new RangeError(`base expert ${slot.expert} has a row already`);
    const row = native.subarray(slot.expert * hiddenSize, (slot.expert + 1) * hiddenSize);
    const specialist = specialists.find(({ id }) => id === slot.specialist)!;
    const own = specialist.statistics.layers[layer]!;
    const direction =
      kind === 'embedding'
        ? Float64Array.from(own.mean, (value, i) => value - statistics.mean[i]!)
        : deltaDirection(base, specialist, layer, slot.expert);
    if (kind === 'arrow' && dot(direction, row) < 0)
      direction.forEach((value, i) => {
        direction[i] = -value;
      });
    // Arrow knows no text, so its score has the scale of a typical logit; the other knows its domain's mean.
    const score =
      kind === 'embedding' ? dot(direction, own.mean) : Math.sqrt(secondMoment(direction, statistics.moment));
    const scale = score === 0 ? 0 : (sharpness * logitSpread(statistics, native)) / Math.abs(score);
    return Float64Array.from(direction, (value, i) => row[i]! + value * scale);
  };
}

const POWER_ITERATIONS = 30;

/** First right singular vector of what training changed in an expert's gate and up matrices; zero for an unchanged one. */
function deltaDirection(
  base: Checkpoint,
  { parameters }: Specialist,
  layer: number,
  expert: number,
): Float64Array {
  const { hiddenSize } = base.config;
  const rows: Float64Array[] = [];
  for (const matrix of ['gate_proj', 'up_proj'] as const) {
    const name = layerPrefix(layer) + expertName(expert, matrix);
    const trained = parameters.get(name);
    if (trained === undefined) continue;
    const before = floats(base.parameters.get(name)!);
    for (let at = 0; at < before.length; at += hiddenSize) {
      rows.push(Float64Array.from({ length: hiddenSize }, (_, i) => trained.data[at + i]! - before[at + i]!));
    }
  }
  let vector = new Float64Array(hiddenSize);
  if (rows.length === 0) return vector;
  for (const row of rows)
    row.forEach((value, i) => {
      vector[i]! += value;
    });
  for (let iteration = 0; iteration < POWER_ITERATIONS; iteration++) {
    const next = new Float64Array(hiddenSize);
    for (const row of rows) {
      const along = dot(row, vector);
      row.forEach((value, i) => {
        next[i]! += along * value;
      });
    }
    const length = Math.sqrt(dot(next, next));
    if (length === 0) return vector;
    vector = next.map((value) => value / length);
  }
  return vector;
}

function secondMoment(direction: Float64Array, moment: Float32Array): number {
  const size = direction.length;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) sum += direction[i]! * moment[i * size + j]! * direction[j]!;
  }
  return sum;
}
