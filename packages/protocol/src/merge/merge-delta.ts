import type { Uid } from '../brand.ts';
import { decimalNumber } from '../encoding/decimal.ts';
import { requireArgument } from '../errors.ts';
import type { MergeParameters } from '../run/run-definition.ts';
import {
  requireExactTensors,
  requireFinite,
  sortedNames,
  type Tensor,
  type TensorMap,
  tensorNamed,
} from '../tensor/tensor.ts';
import { mergeRuleOf } from './merge-rule.ts';

/** An accepted update of one group. */
export type AcceptedUpdate = {
  readonly uid: Uid;
  /** Positive. */
  readonly scoreNanoNats: number;
  /** Local − global, decoded from the bundle. */
  readonly delta: TensorMap;
};

/**
 * One delta (local − global) from accepted updates of one group, bit-reproducibly, in whatever order they are passed.
 * Updates longer than `clipNormFactor` times the (lower) median norm are shortened to that.
 */
export function mergeDelta(updates: readonly AcceptedUpdate[], parameters: MergeParameters): TensorMap {
  requireArgument(updates.length > 0, 'There is nothing to merge.');
  const ordered = [...updates].sort((a, b) => a.uid - b.uid);
  const first = ordered[0]!.delta;
  const specs = [...first].map(([name, { shape }]) => ({ name, shape }));
  for (const { uid, delta, scoreNanoNats } of ordered) {
    requireArgument(scoreNanoNats > 0, `Update of uid ${uid} has score ${scoreNanoNats}.`, { uid });
    requireExactTensors(delta, specs);
    for (const [name, { data }] of delta) requireFinite(name, data);
  }
  const clips = clipFactors(
    ordered.map(({ delta }) => normOf(delta)),
    decimalNumber(parameters.clipNormFactor),
  );
  const total = ordered.reduce((sum, { scoreNanoNats }) => sum + scoreNanoNats, 0);
  const shares = ordered.map(({ scoreNanoNats }) => Math.fround(scoreNanoNats / total));
  const rule = mergeRuleOf(parameters.rule);
  const trimFraction = decimalNumber(parameters.trimFraction);

  const merged = new Map<string, Tensor>();
  for (const name of sortedNames(first.keys())) {
    const deltas = ordered.map(({ delta }) => tensorNamed(delta, name).data);
    const { shape } = tensorNamed(first, name);
    merged.set(name, { shape, data: rule({ deltas, clips, shares, trimFraction }) });
  }
  return merged;
}

/** Euclidean norm over all tensors, summed as doubles in name order, then by element. */
export function normOf(tensors: TensorMap): number {
  let squares = 0;
  for (const name of sortedNames(tensors.keys())) {
    for (const value of tensorNamed(tensors, name).data) squares += value * value;
  }
  return Math.sqrt(squares);
}

/** What to multiply each update by so that none is longer than `factor` times the lower median norm; float32. */
export function clipFactors(norms: readonly number[], factor: number): number[] {
  const sorted = Float64Array.from(norms).sort();
  const bound = factor * (sorted[(sorted.length - 1) >> 1] ?? 0);
  return norms.map((norm) => (norm > bound ? Math.fround(bound / norm) : 1));
}
