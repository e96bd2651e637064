import {
  add,
  cachedAttention,
  concat,
  constant,
  type Dim,
  type Graph,
  gatherAlong,
  gatherRows,
  graphOf,
  input,
  matmul,
  mul,
  reshape,
  rmsNorm,
  rmsNormalize,
  rotary,
  softmax,
  sparseExperts,
  split,
  type Tensor,
  topK,
  transpose,
  type Value,
} from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { FINAL_NORM, headName } from '../parameters.ts';
import { PACKED, type PackedName, packedName, packedShapes } from './packed-parameters.ts';

/**
 * - `decode`: one token of each sequence of a batch
 * - `prefill`: several tokens of one sequence; logits of one of them, which input `last` i32 `[1]` names
 */
export type StepKind = 'decode' | 'prefill';

export const keysInput = (layer: number): string => `keys ${layer}`;
export const valuesInput = (layer: number): string => `values ${layer}`;

/**
 * The whole model for new tokens, given the keys and values of earlier ones. `rows` is the number of new tokens.
 *
 * Inputs, beside the packed parameters: `x` `[rows, hiddenSize]` (embedded tokens), `cos` and `sin` `[rows, 1, headSize / 2]`
 * of their positions, `expertMask` `[rows, layers · experts]` added to the routers' logits, `pastMask` `[batch, past]`, and
 * for each layer the cache, `[batch, keyValueHeads, past, headSize]`.
 *
 * Outputs: `logits` `[rows or 1, vocabularySize]`; `cache` `[rows, layers · 2 · keyValueHeads · headSize]`, the new keys and
 * values layer by layer; `chosen` i64 and `gates` `[rows, layers · expertsPerToken]`, which experts served each token.
 *
 * Packed parameters in `stored` become part of the graph instead of inputs.
 */
export function stepGraph(
  config: ModelConfig,
  kind: StepKind,
  stored: Readonly<Record<string, Tensor>> = {},
): Graph {
  const { hiddenSize, headSize, attentionHeads, keyValueHeads, rmsEpsilon } = config;
  const rows = kind === 'decode' ? 'batch' : 'tokens';
  const batch = kind === 'decode' ? 'batch' : 1;
  const shapes = packedShapes(config);
  const cos = input('cos', 'f32', [rows, 1, headSize / 2]);
  const sin = input('sin', 'f32', [rows, 1, headSize / 2]);
  const pastMask = input('pastMask', 'f32', [batch, 'past']);
  const expertMask = input('expertMask', 'f32', [rows, config.layers * config.experts]);
  const layerMasks = split(expertMask, 1, new Array<number>(config.layers).fill(config.experts));
  const given = (name: string, shape: readonly number[]): Value =>
    stored[name] === undefined ? input(name, 'f32', shape) : constant(stored[name]);
  const cacheShape: readonly Dim[] = [batch, keyValueHeads, 'past', headSize];
  /** `[rows, heads, headSize]` as attention takes it, `[batch, heads, tokens, headSize]`. */
  const byHead = (x: Value, heads: number): Value =>
    kind === 'decode'
      ? reshape(x, [rows, heads, 1, headSize])
      : reshape(transpose(x, [1, 0, 2]), [1, heads, rows, headSize]);

  let x = input('x', 'f32', [rows, hiddenSize]);
  const fresh: Value[] = [];
  const chosen: Value[] = [];
  const gates: Value[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const parameter = (name: PackedName): Value => given(packedName(layer, name), shapes[name]);
    const queriesAndKeys = (attentionHeads + keyValueHeads) * headSize;
    const qkv = matmul(rmsNormalize(x, rmsEpsilon).normalized, parameter(PACKED.queryKeyValue), {
      transposeB: true,
    });
    const [qk, flatV] = split(qkv, 1, [queriesAndKeys, keyValueHeads * headSize]) as [Value, Value];
    const heads = reshape(qk, [rows, attentionHeads + keyValueHeads, headSize]);
    const normed = mul(rmsNormalize(heads, rmsEpsilon).normalized, parameter(PACKED.headNorms));
    const [q, k] = split(rotary(normed, cos, sin), 1, [attentionHeads, keyValueHeads]) as [Value, Value];
    const v = reshape(flatV, [rows, keyValueHeads, headSize]);
    fresh.push(reshape(k, [rows, keyValueHeads * headSize]), flatV);

    const attended = cachedAttention(
      byHead(q, attentionHeads),
      { k: byHead(k, keyValueHeads), v: byHead(v, keyValueHeads) },
      {
        k: input(keysInput(layer), 'f32', cacheShape),
        v: input(valuesInput(layer), 'f32', cacheShape),
        mask: pastMask,
      },
      headSize ** -0.5,
    );
    const tokensFirst =
      kind === 'decode'
        ? attended
        : transpose(reshape(attended, [attentionHeads, rows, headSize]), [1, 0, 2]);
    const joined = reshape(tokensFirst, [rows, attentionHeads * headSize]);
    x = add(x, matmul(joined, parameter(PACKED.output), { transposeB: true }));

    const h = rmsNormalize(x, rmsEpsilon).normalized;
    const logits = add(matmul(h, parameter(PACKED.router), { transposeB: true }), layerMasks[layer]!);
    const best = topK(logits, config.expertsPerToken);
    chosen.push(best.indices);
    gates.push(config.renormalizeGates ? softmax(best.values) : gatherAlong(softmax(logits), best.indices));
    const experts = { gateUp: parameter(PACKED.gateUp), down: parameter(PACKED.down) };
    const options = { k: config.expertsPerToken, renormalize: config.renormalizeGates };
    x = add(x, sparseExperts(h, logits, experts, options));
  }
  const answering = kind === 'decode' ? x : gatherRows(x, input('last', 'i32', [1]));
  const norm = given(FINAL_NORM, [hiddenSize]);
  const head = given(headName(config), [config.vocabularySize, hiddenSize]);
  return graphOf(
    new Map([
      ['logits', matmul(rmsNorm(answering, norm, rmsEpsilon), head, { transposeB: true })],
      ['cache', concat(fresh, 1)],
      ['chosen', concat(chosen, 1)],
      ['gates', concat(gates, 1)],
    ]),
  );
}
