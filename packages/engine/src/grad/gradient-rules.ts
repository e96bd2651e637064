import type { Node, OpName, Value } from '../graph/value.ts';
import { add, div, mul, scalar, sigmoid, sub } from '../ops/elementwise.ts';
import { gatherAlong, gatherRows, scatterAddRows, scatterAlong } from '../ops/indexing.ts';
import { matmul } from '../ops/linear.ts';
import { crossEntropyGradient, rotary } from '../ops/network.ts';
import { expandLike, reduceMean, reduceSum, sumToShape } from '../ops/reduce.ts';
import { concat, reshape, split, transpose } from '../ops/shape.ts';
import { zeros } from '../ops/source.ts';

/** Gradient by each operand, or undefined where none passes. `upstream` is parallel to the node's outputs. */
export type GradientRule<Op extends OpName> = (
  node: Node<Op>,
  upstream: readonly (Value | undefined)[],
  wanted: readonly boolean[],
) => readonly (Value | undefined)[];

const negate = (x: Value): Value => mul(x, scalar(-1));

function operands(node: Node): [Value, Value, Value] {
  return node.inputs as unknown as [Value, Value, Value];
}

/** `grad` multiplied in where wanted: spares the graph work whose result nobody reads. */
function when(wanted: boolean | undefined, make: () => Value): Value | undefined {
  return wanted === true ? make() : undefined;
}

/** A value with a size-1 axis put back where a reduction removed it. */
function restoreAxis(gradient: Value, node: Node<'reduceSum'> | Node<'reduceMean'>): Value {
  const { axis, keepDims } = node.attributes;
  if (keepDims) return gradient;
  const shape = [...gradient.shape];
  shape.splice(axis, 0, 1);
  return reshape(gradient, shape);
}

function staticShape(value: Value): number[] {
  return value.shape.map((dim) => {
    if (typeof dim !== 'number') throw new TypeError(`needs a static shape, got [${value.shape.join(', ')}]`);
    return dim;
  });
}

const none = (): readonly undefined[] => [];

/** Training traces the same mathematics with differentiable operations. */
const inferenceOnly = (node: Node): never => {
  throw new TypeError(`${node.op} is for inference and has no gradient`);
};

/** The vector–Jacobian product of every operation, traced with the same operations. */
export const gradientRules: { readonly [Op in OpName]: GradientRule<Op> } = {
  input: none,
  constant: none,
  zeros: none,
  indicator: none,
  nonZero: none,
  crossEntropyGradient: none,
  cachedAttention: inferenceOnly,
  sparseExperts: inferenceOnly,

  add: (node, [g], [first, second]) => {
    const [a, b] = operands(node);
    return [when(first, () => sumToShape(g!, a.shape)), when(second, () => sumToShape(g!, b.shape))];
  },
  sub: (node, [g], [first, second]) => {
    const [a, b] = operands(node);
    return [when(first, () => sumToShape(g!, a.shape)), when(second, () => sumToShape(negate(g!), b.shape))];
  },
  mul: (node, [g], [first, second]) => {
    const [a, b] = operands(node);
    return [
      when(first, () => sumToShape(mul(g!, b), a.shape)),
      when(second, () => sumToShape(mul(g!, a), b.shape)),
    ];
  },
  div: (node, [g], [first, second]) => {
    const [a, b] = operands(node);
    return [
      when(first, () => sumToShape(div(g!, b), a.shape)),
      when(second, () => sumToShape(negate(div(mul(g!, node.outputs[0]!), b)), b.shape)),
    ];
  },
  exp: (node, [g]) => [mul(g!, node.outputs[0]!)],
  sqrt: (node, [g]) => [div(mul(g!, scalar(0.5)), node.outputs[0]!)],
  sigmoid: (node, [g]) => {
    const y = node.outputs[0]!;
    return [mul(g!, mul(y, sub(scalar(1), y)))];
  },
  silu: (node, [g]) => {
    const y = node.outputs[0]!;
    const s = sigmoid(node.inputs[0]!);
    return [mul(g!, add(s, mul(y, sub(scalar(1), s))))];
  },

  matmul: (node, [g], [first, second]) => {
    const [a, b] = operands(node);
    const { transposeA, transposeB, alpha } = node.attributes;
    const byA = (): Value =>
      transposeA
        ? matmul(b, g!, { transposeA: transposeB, transposeB: true, alpha })
        : matmul(g!, b, { transposeB: !transposeB, alpha });
    const byB = (): Value =>
      transposeB
        ? matmul(g!, a, { transposeA: true, transposeB: transposeA, alpha })
        : matmul(a, g!, { transposeA: !transposeA, alpha });
    return [when(first, byA), when(second, byB)];
  },

  reduceSum: (node, [g]) => [expandLike(restoreAxis(g!, node), node.inputs[0]!)],
  reduceMean: (node, [g]) => {
    const x = node.inputs[0]!;
    const size = x.shape[node.attributes.axis];
    if (typeof size !== 'number') throw new TypeError(`the mean over "${size}" has no static gradient`);
    return [expandLike(mul(restoreAxis(g!, node), scalar(1 / size)), x)];
  },
  expandLike: (node, [g]) => [sumToShape(g!, node.inputs[0]!.shape)],

  softmax: (node, [g]) => {
    const p = node.outputs[0]!;
    return [mul(p, sub(g!, reduceSum(mul(g!, p), { axis: -1, keepDims: true })))];
  },
  reshape: (node, [g]) => [reshape(g!, node.inputs[0]!.shape)],
  transpose: (node, [g]) => {
    const inverse: number[] = [];
    node.attributes.permutation.forEach((from, to) => {
      inverse[from] = to;
    });
    return [transpose(g!, inverse)];
  },
  split: (node, upstream) => {
    const parts = upstream.map((g, i) => g ?? zeros(staticShape(node.outputs[i]!)));
    return [concat(parts, node.attributes.axis)];
  },
  concat: (node, [g]) => {
    const { axis } = node.attributes;
    const sizes = node.inputs.map((part) => part.shape[axis] as number);
    return split(g!, axis, sizes);
  },

  gatherRows: (node, [g]) => {
    const [x, index] = operands(node);
    return [scatterAddRows(zeros(staticShape(x)), index, g!)];
  },
  scatterAddRows: (node, [g], [base, , rows]) => [
    when(base, () => g!),
    undefined,
    when(rows, () => gatherRows(g!, node.inputs[1]!)),
  ],
  gatherAlong: (node, [g]) => {
    const [x, index] = operands(node);
    return [scatterAlong(g!, index, x.shape.at(-1) as number)];
  },
  scatterAlong: (node, [g]) => [gatherAlong(g!, node.inputs[1]!)],
  topK: (node, [g]) => [
    g === undefined ? undefined : scatterAlong(g, node.outputs[1]!, node.inputs[0]!.shape.at(-1) as number),
  ],

  rmsNormalize: (node, [g, byInverse]) => {
    if (byInverse !== undefined)
      throw new TypeError('the inverse RMS is not differentiated; use its values only');
    const [y, r] = node.outputs as readonly [Value, Value];
    // d/dx of y = x·r(x): r · (g − y · mean(g·y)).
    return [mul(r, sub(g!, mul(y, reduceMean(mul(g!, y), { axis: -1, keepDims: true }))))];
  },
  rotary: (node, [g], [wanted]) => {
    const [, cos, sin] = operands(node);
    // A rotation is orthogonal, so its transpose turns back.
    return [when(wanted, () => rotary(g!, cos, sin, !node.attributes.inverse))];
  },
  crossEntropy: (node, [g, byProbability]) => {
    if (byProbability !== undefined)
      throw new TypeError('probabilities of crossEntropy are not differentiated');
    return [crossEntropyGradient(node.outputs[1]!, node.inputs[1]!, g!)];
  },
};
