import {
  add,
  concat,
  constant,
  crossEntropy,
  gatherRows,
  gradients,
  matmul,
  mul,
  nonZero,
  reshape,
  rmsNormalize,
  rotary,
  scalar,
  scatterAddRows,
  scatterAlong,
  silu,
  softmax,
  split,
  sub,
  tensor,
  topK,
  transpose,
  type Value,
} from '@connito/engine';
import type { StepShape } from './dump.ts';

/** A weight as a traced value, a constant or an input, by its name within the layer. */
export type WeightOf = (name: string) => Value;

/** Large enough that exp of it is 0 in single precision, small enough to stay finite when added to. */
const MASKED = -1e9;

/** Rows of the head computed at a time: the logits of all rows would be the largest tensor by far. */
export const HEAD_ROWS = 512;
/** Blocks of queries that attention is computed in. */
const QUERY_BLOCKS = 2;

/** What all layers share: angles and mask are stored once. */
export type Shared = { readonly cos: Value; readonly sin: Value; readonly mask: Value };

export function sharedConstants({ width, heads, positions, ropeTheta }: StepShape): Shared {
  const half = width / heads / 2;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  const mask = new Float32Array(positions * positions);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * ropeTheta ** (-i / half);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
    mask.fill(MASKED, position * positions + position + 1, (position + 1) * positions);
  }
  const stored = (data: Float32Array, shape: readonly number[]): Value => constant(tensor(data, shape));
  return {
    cos: stored(cos, [positions, half]),
    sin: stored(sin, [positions, half]),
    mask: stored(mask, [positions, positions]),
  };
}

/** One layer over `x` `[batch · positions, width]`. */
export function traceLayer(shape: StepShape, shared: Shared, x: Value, weight: WeightOf): Value {
  return experts(shape, attention(shape, shared, x, weight), weight);
}

function attention(shape: StepShape, { cos, sin, mask }: Shared, x: Value, weight: WeightOf): Value {
  const { batch, positions, heads, width, normEps } = shape;
  const headWidth = width / heads;
  const h = rmsNormalize(x, normEps).normalized;
  const project = (name: string): Value => {
    const rows = matmul(h, weight(`self_attn.${name}_proj.weight`), { transposeB: true });
    return transpose(reshape(rows, [batch, positions, heads, headWidth]), [0, 2, 1, 3]);
  };
  const q = rotary(project('q'), cos, sin);
  const k = rotary(project('k'), cos, sin);
  const mixed = causalAttention(shape, q, k, project('v'), mask);
  const joined = reshape(transpose(mixed, [0, 2, 1, 3]), [batch * positions, width]);
  return add(x, matmul(joined, weight('self_attn.o_proj.weight'), { transposeB: true }));
}

/** A block of queries meets no key after it, so that of two halves a quarter of all products with keys and values is spared. */
function causalAttention(
  { positions, width, heads }: StepShape,
  q: Value,
  k: Value,
  v: Value,
  mask: Value,
): Value {
  const alpha = (width / heads) ** -0.5;
  const size = positions / QUERY_BLOCKS;
  const sizes = new Array<number>(QUERY_BLOCKS).fill(size);
  const masks = split(mask, 0, sizes);
  const blocks = split(q, 2, sizes).map((queries, i) => {
    const seen = (i + 1) * size;
    const first = (value: Value, axis: number): Value =>
      seen === positions ? value : split(value, axis, [seen, positions - seen])[0]!;
    const scores = matmul(queries, first(k, 2), { transposeB: true, alpha });
    return matmul(softmax(add(scores, first(masks[i]!, 1))), first(v, 2));
  });
  return blocks.length === 1 ? blocks[0]! : concat(blocks, 2);
}

function experts(shape: StepShape, x: Value, weight: WeightOf): Value {
  const rows = shape.batch * shape.positions;
  const h = rmsNormalize(x, shape.normEps).normalized;
  const logits = matmul(h, weight('mlp.gate.weight'), { transposeB: true });
  const chosen = topK(logits, shape.expertsPerToken);
  const gates = scatterAlong(softmax(chosen.values), chosen.indices, shape.experts);
  const columns = split(transpose(gates, [1, 0]), 0, new Array<number>(shape.experts).fill(1));
  let output = x;
  columns.forEach((column, expert) => {
    const product = (input: Value, matrix: string): Value =>
      matmul(input, weight(`mlp.experts.${expert}.${matrix}.weight`), { transposeB: true });
    const gate = reshape(column, [rows]);
    const own = nonZero(gate, `rows${expert}`);
    const ownRows = gatherRows(h, own);
    const ownGate = reshape(gatherRows(gate, own), [`rows${expert}`, 1]);
    const hidden = mul(silu(product(ownRows, 'gate_proj')), product(ownRows, 'up_proj'));
    output = scatterAddRows(output, own, mul(product(hidden, 'down_proj'), ownGate));
  });
  return output;
}

/**
 * Loss of each row in nats under the tied head, and the gradient of the mean over `meanOf` rows by `x`.
 *
 * The head is frozen, so its part of the gradient is written out: with p the softmax of the logits h · Eᵀ and t the target,
 * dh = (p · E − E[t]) / rows. That spares passes over `[rows, vocabulary]` to form p − onehot(t).
 */
export function traceHead(
  shape: StepShape,
  x: Value,
  embedding: Value,
  targets: Value,
  meanOf: number,
): { readonly losses: Value; readonly dx: Value } {
  const h = rmsNormalize(x, shape.normEps).normalized;
  const { losses, probabilities } = crossEntropy(matmul(h, embedding, { transposeB: true }), targets);
  const expected = matmul(probabilities, embedding, { alpha: 1 / meanOf });
  const dh = sub(expected, mul(gatherRows(embedding, targets), scalar(1 / meanOf)));
  const [dx] = gradients([{ output: h, gradient: dh }], [x]);
  return { losses, dx: dx! };
}
