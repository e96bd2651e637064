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
 * What a SwiGLU expert answers to an input: `down · (silu(gate · x) ⊙ (up · x))`, `[hiddenSize]`. Permuting neurons, or
 * scaling a row of `up` and dividing the column of `down`, rewrites the parameters without changing this.
 */
export function expertResponse(expert: ExpertParameters, input: Float64Array): Float64Array {
  const gate = multiply(expert, 'gate_proj', input);
  const up = multiply(expert, 'up_proj', input);
  const hidden = gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i]!);
  return multiply(expert, 'down_proj', hidden);
}

function multiply(
  { layer, expert, parameters, delta }: ExpertParameters,
  projection: 'gate_proj' | 'up_proj' | 'down_proj',
  input: Float64Array,
): Float64Array {
  const name = expertTensorName(layer, expert, projection);
  const { shape, data } = tensorNamed(parameters, name);
  const change = delta === null ? null : tensorNamed(delta, name).data;
  const [rows = 0, columns = 0] = shape;
  const output = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      sum += (change === null ? data[at]! : data[at]! + change[at]!) * input[column]!;
    }
    output[row] = sum;
  }
  return output;
}
