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
 *
 * Updates longer than `clipNormFactor` times their (lower) median norm, or longer than `maxNormRatio` times the norm of the
 * group's parameters `base`, are shortened first. The second bound holds for an update that stands alone too, and keeps
 * values near the end of float32's range, in neurons that never fire, from overflowing the outer step for everybody.
 */
export function mergeDelta(
  updates: readonly AcceptedUpdate[],
  base: TensorMap,
  parameters: MergeParameters,
): TensorMap {
  requireArgument(updates.length > 0, 'There is nothing to merge.');
  const ordered = [...updates].sort((a, b) => a.uid - b.uid);
  const specs = [...base].map(([name, { shape }]) => ({ name, shape }));
  for (const { uid, delta, scoreNanoNats } of ordered) {
    requireArgument(scoreNanoNats > 0, `Update of uid ${uid} has score ${scoreNanoNats}.`, { uid });
    requireExactTensors(delta, specs);
    for (const [name, { data }] of delta) requireFinite(name, data);
  }
  const deltas = ordered.map(({ delta }) => delta);
  const clips = clipFactors(
    deltas.map((delta) => normOf(delta)),
    decimalNumber(parameters.clipNormFactor),
    decimalNumber(parameters.maxNormRatio) * normOf(base),
  );
  const total = ordered.reduce((sum, { scoreNanoNats }) => sum + scoreNanoNats, 0);
  const shares = ordered.map(({ scoreNanoNats }) => Math.fround(scoreNanoNats / total));
  const hostileFraction = decimalNumber(parameters.hostileFraction);
  const rule = mergeRuleOf(parameters.rule);
  const factors = rule.kind === 'factors' ? rule.factors({ deltas, clips, shares, hostileFraction }) : null;

  const merged = new Map<string, Tensor>();
  for (const { name, shape } of specs.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const columns = deltas.map((delta) => tensorNamed(delta, name).data);
    const data =
      rule.kind === 'factors'
        ? weightedSum(
            columns,
            factors!.map((factor, i) => Math.fround(factor * clips[i]!)),
          )
        : rule.merge({ deltas: columns, clips, hostileFraction });
    merged.set(name, { shape, data });
  }
  return merged;
}

/** Σ factor·delta in order, rounded to float32 after every operation. */
function weightedSum(deltas: readonly Float32Array[], factors: readonly number[]): Float32Array {
  const merged = new Float32Array(deltas[0]!.length);
  for (const [i, delta] of deltas.entries()) {
    const factor = factors[i]!;
    if (factor === 0) continue;
    // Storing into a Float32Array rounds the sum.
    for (let k = 0; k < merged.length; k++) merged[k] = merged[k]! + Math.fround(factor * delta[k]!);
  }
  return merged;
}

/** Euclidean norm over all tensors, summed as doubles in name order, then by element. */
export function normOf(tensors: TensorMap): number {
  let squares = 0;
  for (const name of sortedNames(tensors.keys())) {
    const { data } = tensorNamed(tensors, name);
    for (let i = 0; i < data.length; i++) squares += data[i]! * data[i]!;
  }
  return Math.sqrt(squares);
}

/**
 * What to multiply each update by so that none is longer than `factor` times the lower median norm, nor than `longest`;
 * float32.
 */
export function clipFactors(
  norms: readonly number[],
  factor: number,
  longest = Number.POSITIVE_INFINITY,
): number[] {
  const sorted = Float64Array.from(norms).sort();
  const bound = Math.min(factor * (sorted[(sorted.length - 1) >> 1] ?? 0), longest);
  return norms.map((norm) => (norm > bound ? Math.fround(bound / norm) : 1));
}
