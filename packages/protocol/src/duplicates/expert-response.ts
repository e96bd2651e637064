import { SeededRandom } from '../encoding/random.ts';
import { expertTensorName } from '../tensor/expert-tensors.ts';
import { type TensorMap, tensorNamed } from '../tensor/tensor.ts';

/** One expert's parameters, and optionally what to add to them. */
export type ExpertParameters = {
  readonly layer: number;
  readonly expert: number;
  readonly parameters: TensorMap;
  readonly delta: TensorMap | null;
};

/** `probes` random inputs `[hiddenSize]` of unit variance, as hidden states have after normalisation. */
export function probeInputs(seed: Uint8Array, probes: number, hiddenSize: number): Float64Array[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: probes }, () =>
    Float64Array.from({ length: hiddenSize }, () => random.nextGaussian()),
  );
}

/**
 * What a SwiGLU expert answers to each of some inputs: `down · (silu(gate · x) ⊙ (up · x))`, `[hiddenSize]`. Permuting neurons, or
 * scaling a row of `up` and dividing the column of `down`, rewrites the parameters without changing this.
 */
export function expertResponses(expert: ExpertParameters, inputs: readonly Float64Array[]): Float64Array[] {
  const gates = multiply(expert, 'gate_proj', inputs);
  const ups = multiply(expert, 'up_proj', inputs);
  const hidden = gates.map((gate, p) => gate.map((g, i) => (g / (1 + Math.exp(-g))) * ups[p]![i]!));
  return multiply(expert, 'down_proj', hidden);
}

function multiply(
  { layer, expert, parameters, delta }: ExpertParameters,
  projection: 'gate_proj' | 'up_proj' | 'down_proj',
  inputs: readonly Float64Array[],
): Float64Array[] {
  const name = expertTensorName(layer, expert, projection);
  const { shape, data } = tensorNamed(parameters, name);
  const change = delta === null ? null : tensorNamed(delta, name).data;
  const [rows = 0, columns = 0] = shape;
  const outputs = inputs.map(() => new Float64Array(rows));
  const weights = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    for (let column = 0; column < columns; column++) {
      const at = start + column;
      weights[column] = change === null ? data[at]! : data[at]! + change[at]!;
    }
    for (const [p, input] of inputs.entries()) outputs[p]![row] = dot(weights, input);
  }
  return outputs;
}

/** Four sums at a time: one alone waits for each addition before the next. */
function dot(a: Float64Array, b: Float64Array): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let i = 0;
  for (; i + 4 <= a.length; i += 4) {
    first += a[i]! * b[i]!;
    second += a[i + 1]! * b[i + 1]!;
    third += a[i + 2]! * b[i + 2]!;
    fourth += a[i + 3]! * b[i + 3]!;
  }
  for (; i < a.length; i++) first += a[i]! * b[i]!;
  return first + second + (third + fourth);
}
