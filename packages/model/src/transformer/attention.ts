import {
  add,
  constant,
  input,
  matmul,
  reshape,
  rmsNorm,
  rotary,
  softmax,
  tensor,
  transpose,
  type Value,
} from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { LAYER } from '../parameters.ts';
import { rotaryTable } from './rotary-table.ts';

/** How many sequences of how many tokens a graph is traced for. */
export type BatchShape = { readonly sequences: number; readonly tokens: number };

/** Large enough that exp of it is 0 in single precision, small enough to stay finite when added to. */
const MASKED = -1e9;

/** Cosines and sines of the rotary angles, `[tokens, headSize / 2]` each, as constants of the graph. */
function rotaryAngles(config: ModelConfig, tokens: number): { cos: Value; sin: Value } {
  const shape = [tokens, config.headSize / 2];
  const { cos, sin } = rotaryTable(config, tokens);
  return { cos: constant(tensor(cos, shape)), sin: constant(tensor(sin, shape)) };
}

/** `[repeats · tokens, tokens]`: 0 where a query may look, a large negative number where the key comes later. */
function causalMask(tokens: number, repeats: number): Value {
  const mask = new Float32Array(repeats * tokens * tokens);
  for (let row = 0; row < repeats * tokens; row++) {
    mask.fill(MASKED, row * tokens + (row % tokens) + 1, (row + 1) * tokens);
  }
  return constant(tensor(mask, [repeats * tokens, tokens]));
}

/**
 * Causal grouped-query attention (Ainslie et al. 2023) with RMSNorm on each query and key head, added to its input.
 * `x` `[sequences · tokens, hiddenSize]`. Query heads that share a key head are stacked along the rows of one product, so
 * keys and values are never repeated.
 */
export function attention(
  config: ModelConfig,
  { sequences, tokens }: BatchShape,
  x: Value,
  parameter: (name: string) => Value,
): Value {
  const { attentionHeads, keyValueHeads, headSize, rmsEpsilon } = config;
  const sharing = attentionHeads / keyValueHeads;
  const h = rmsNorm(x, parameter(LAYER.attentionNorm), rmsEpsilon);
  const angles = rotaryAngles(config, tokens);

  const heads = (projection: string, count: number): Value =>
    reshape(matmul(h, parameter(projection), { transposeB: true }), [sequences, tokens, count, headSize]);
  const headsFirst = (value: Value): Value => transpose(value, [0, 2, 1, 3]);

  const q = rmsNorm(heads(LAYER.query, attentionHeads), parameter(LAYER.queryNorm), rmsEpsilon);
  const k = rmsNorm(heads(LAYER.key, keyValueHeads), parameter(LAYER.keyNorm), rmsEpsilon);
  const v = headsFirst(heads(LAYER.value, keyValueHeads));
  const turnedQ = rotary(headsFirst(q), angles.cos, angles.sin);
  const turnedK = rotary(headsFirst(k), angles.cos, angles.sin);

  const stackedQ = reshape(turnedQ, [sequences, keyValueHeads, sharing * tokens, headSize]);
  const scores = matmul(stackedQ, turnedK, { transposeB: true, alpha: headSize ** -0.5 });
  const probabilities = softmax(add(scores, causalMask(tokens, sharing)));
  const mixed = reshape(matmul(probabilities, v), [sequences, attentionHeads, tokens, headSize]);
  const joined = reshape(headsFirst(mixed), [sequences * tokens, attentionHeads * headSize]);
  return add(x, matmul(joined, parameter(LAYER.output), { transposeB: true }));
}

/** A parameter of a layer as a graph input under its name within the layer. */
export function parameterInputs(shapes: ReadonlyMap<string, readonly number[]>): (name: string) => Value {
  const values = new Map<string, Value>();
  return (name) => {
    let value = values.get(name);
    if (value === undefined) {
      const shape = shapes.get(name);
      if (shape === undefined) throw new Error(`a layer has no parameter "${name}"`);
      value = input(name, 'f32', shape);
      values.set(name, value);
    }
    return value;
  };
}
