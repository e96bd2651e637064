import { type Backend, floats } from '@connito/engine';
import { type Checkpoint, FINAL_NORM, ForwardPass, headName } from '@connito/model';

/** Our distributions over the next token after each token of a sequence, `[tokens, vocabulary]`. The head in double precision. */
export async function nextTokenDistributions(
  backend: Backend,
  { config, parameters }: Checkpoint,
  sequences: readonly (readonly number[])[],
): Promise<Float64Array[][]> {
  const tokens = Math.max(...sequences.map((sequence) => sequence.length));
  const pass = await ForwardPass.create(backend, config, { sequences: 1, tokens });
  const results: Float64Array[][] = [];
  for (const sequence of sequences) {
    // Causal: what fills the batch up comes later and changes nothing.
    const inputs = new Int32Array(tokens);
    inputs.set(sequence);
    const hidden = floats(await pass.layers(parameters, pass.embed(parameters, inputs), 0, config.layers));
    results.push(
      sequence.map((_, position) => {
        const x = hidden.subarray(position * config.hiddenSize, (position + 1) * config.hiddenSize);
        return softmax(logits({ config, parameters }, x));
      }),
    );
  }
  await pass.dispose();
  return results;
}

function logits({ config, parameters }: Checkpoint, x: Float32Array): Float64Array {
  const norm = floats(parameters.get(FINAL_NORM)!);
  const head = floats(parameters.get(headName(config))!);
  const square = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const scale = 1 / Math.sqrt(square + config.rmsEpsilon);
  const h = Float64Array.from(x, (value, i) => value * scale * norm[i]!);
  const result = new Float64Array(config.vocabularySize);
  for (let token = 0; token < result.length; token++) {
    let sum = 0;
    for (let i = 0; i < h.length; i++) sum += h[i]! * head[token * h.length + i]!;
    result[token] = sum;
  }
  return result;
}

function softmax(values: Float64Array): Float64Array {
  const largest = values.reduce((a, b) => Math.max(a, b));
  const exponentials = values.map((value) => Math.exp(value - largest));
  const total = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / total);
}
