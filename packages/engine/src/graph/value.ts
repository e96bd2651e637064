import type { DType, Tensor } from '../tensor.ts';

/** A size known when tracing, or the name of one known only when running (tokens routed to an expert). */
export type Dim = number | string;

/** Every operation and its static attributes. A backend must have a kernel for each. */
export type OpAttributes = {
  /** A value fed at run time. */
  input: { readonly name: string };
  constant: { readonly tensor: Tensor };
  /** f32 zeros of a static shape. */
  zeros: { readonly shape: readonly number[] };
  add: Record<never, never>;
  sub: Record<never, never>;
  mul: Record<never, never>;
  div: Record<never, never>;
  exp: Record<never, never>;
  sqrt: Record<never, never>;
  sigmoid: Record<never, never>;
  /** `x · sigmoid(x)`. */
  silu: Record<never, never>;
  /** 1 where the operand is not zero, else 0. Not differentiable. */
  indicator: Record<never, never>;
  /** `alpha · op(A) · op(B)` over equal leading dimensions. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly alpha: number };
  reduceSum: { readonly axis: number; readonly keepDims: boolean };
  reduceMean: { readonly axis: number; readonly keepDims: boolean };
  /** Over the last axis. */
  softmax: Record<never, never>;
  /** Broadcast the first operand to the shape of the second. */
  expandLike: Record<never, never>;
  reshape: { readonly shape: readonly Dim[] };
  transpose: { readonly permutation: readonly number[] };
  split: { readonly axis: number; readonly sizes: readonly number[] };
  concat: { readonly axis: number };
  /** Rows of the first operand at the indices in the second. */
  gatherRows: Record<never, never>;
  /** First operand plus rows of the third added at the indices in the second. */
  scatterAddRows: Record<never, never>;
  /** Elements along the last axis: `out[i, j] = x[i, index[i, j]]`. */
  gatherAlong: Record<never, never>;
  /** Zeros of width `width` with `out[i, index[i, j]] = update[i, j]`; indices of a row are distinct. */
  scatterAlong: { readonly width: number };
  /** The `k` largest along the last axis, descending, ties to the lower index: values and i64 indices. */
  topK: { readonly k: number };
  /** Ascending indices of the non-zero elements of a vector; its length gets the name `count`. */
  nonZero: { readonly count: string };
  /** `x / rms(x)` over the last axis, and `1 / rms(x)`. */
  rmsNormalize: { readonly epsilon: number };
  /** Rotary position embedding, half-split: operands x, cos, sin. `inverse` rotates back. */
  rotary: { readonly inverse: boolean };
  /** Loss per row in nats, and probabilities, from logits and integer targets. */
  crossEntropy: Record<never, never>;
  /** Gradient of `crossEntropy` from probabilities, targets and the gradient of each row's loss. */
  crossEntropyGradient: Record<never, never>;
  /** Inference only: new queries over new and cached keys. */
  cachedAttention: { readonly scale: number };
  /** Inference only: the chosen experts of each row. */
  sparseExperts: { readonly k: number; readonly renormalize: boolean };
};

export type OpName = keyof OpAttributes;

export type ValueType = { readonly dtype: DType; readonly shape: readonly Dim[] };

/** One traced operation. */
export type Node<Op extends OpName = OpName> = {
  readonly op: Op;
  readonly attributes: OpAttributes[Op];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
};

/** One result of a traced operation. Values are compared by identity. */
export type Value = ValueType & { readonly node: Node; readonly index: number };

/** A node of any operation as a union that narrows on `op`. */
export type AnyNode = { [Op in OpName]: Node<Op> }[OpName];

/** Makes a node and its output values; the tracing functions in `ops/` check operands before calling it. */
export function trace<Op extends OpName>(
  op: Op,
  attributes: OpAttributes[Op],
  inputs: readonly Value[],
  types: readonly ValueType[],
): readonly Value[] {
  const outputs: Value[] = [];
  const node: Node<Op> = { op, attributes, inputs, outputs };
  types.forEach((type, index) => {
    outputs.push({ ...type, node, index });
  });
  return outputs;
}

/** `trace` for an operation with one result. */
export function traceOne<Op extends OpName>(
  op: Op,
  attributes: OpAttributes[Op],
  inputs: readonly Value[],
  type: ValueType,
): Value {
  return trace(op, attributes, inputs, [type])[0]!;
}

/** `dtype[d0, d1, …]`, for messages. */
export function describe(type: ValueType): string {
  return `${type.dtype}[${type.shape.join(', ')}]`;
}
