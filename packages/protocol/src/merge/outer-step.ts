import { decimalNumber } from '../encoding/decimal.ts';
import type { MergeParameters } from '../run/run-definition.ts';
import type { GroupState } from '../tensor/state-document.ts';
import {
  requireExactTensors,
  requireFinite,
  sortedNames,
  type Tensor,
  type TensorMap,
  tensorNamed,
} from '../tensor/tensor.ts';

/**
 * The outer optimiser step of DiLoCo (Douillard et al. 2023): Nesterov SGD, as PyTorch defines it, descending the
 * pseudo-gradient g = θ_global − θ_local = −delta. In float32, rounded after every operation:
 *
 *     v ← s·(μ·v + g)        θ ← θ − lr·(s·g + μ·v)
 *
 * The step scale s, a decimal string of `merge.scales`, multiplies the velocity too: momentum that overshoots is damped
 * with the step it spoiled. Null stands for the zero step, which leaves parameters alone and clears momentum, or the
 * same overshoot would come back in the next round. A group without accepted updates takes no step at all: keep its
 * state as it is.
 *
 * Fails with `non_finite_delta` where the result overflows.
 */
export function outerStep(
  state: GroupState,
  mergedDelta: TensorMap,
  stepScale: string | null,
  parameters: MergeParameters,
): GroupState {
  const specs = [...state.parameters].map(([name, { shape }]) => ({ name, shape }));
  requireExactTensors(state.momentum, specs);
  requireExactTensors(mergedDelta, specs);
  const learningRate = Math.fround(decimalNumber(parameters.outerLearningRate));
  const momentumFactor = Math.fround(decimalNumber(parameters.outerMomentum));
  const scale = Math.fround(stepScale === null ? 0 : decimalNumber(stepScale));

  const parametersAfter = new Map<string, Tensor>();
  const momentumAfter = new Map<string, Tensor>();
  for (const name of sortedNames(state.parameters.keys())) {
    const { shape, data: theta } = tensorNamed(state.parameters, name);
    const velocity = tensorNamed(state.momentum, name).data;
    const delta = tensorNamed(mergedDelta, name).data;
    if (scale === 0) {
      parametersAfter.set(name, { shape, data: theta.slice() });
      momentumAfter.set(name, { shape, data: new Float32Array(theta.length) });
      continue;
    }
    const nextTheta = new Float32Array(theta.length);
    const nextVelocity = new Float32Array(theta.length);
    for (let k = 0; k < theta.length; k++) {
      const gradient = -delta[k]!;
      const carried = Math.fround(momentumFactor * velocity[k]!);
      const v = Math.fround(scale * Math.fround(carried + gradient));
      const lookahead = Math.fround(Math.fround(scale * gradient) + Math.fround(momentumFactor * v));
      nextVelocity[k] = v;
      nextTheta[k] = theta[k]! - Math.fround(learningRate * lookahead);
    }
    requireFinite(name, nextTheta);
    requireFinite(name, nextVelocity);
    parametersAfter.set(name, { shape, data: nextTheta });
    momentumAfter.set(name, { shape, data: nextVelocity });
  }
  return { parameters: parametersAfter, momentum: momentumAfter };
}
