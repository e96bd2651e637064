import type { Node, OpAttributes, OpName } from '../../graph/value.ts';
import type { OnnxModel } from './onnx-model.ts';

const MICROSOFT = 'com.microsoft';

type Lowering<Op extends OpName> = (
  model: OnnxModel,
  attributes: OpAttributes[Op],
  inputs: readonly string[],
  node: Node<Op>,
) => readonly string[];

type Plain = (model: OnnxModel, attributes: unknown, inputs: readonly string[]) => readonly string[];

const elementwise =
  (opType: string): Plain =>
  (model, _, inputs) => [model.addOp(opType, inputs)];

function reduce(
  opType: string,
): (model: OnnxModel, attributes: OpAttributes['reduceSum'], inputs: readonly string[]) => readonly string[] {
  return (model, { axis, keepDims }, [x]) => [
    model.addOp(opType, [x!, model.addInts([axis])], { keepdims: keepDims ? 1 : 0 }),
  ];
}

const column = (model: OnnxModel, vector: string): string =>
  model.addOp('Unsqueeze', [vector, model.addInts([-1])]);

/** Each operation in terms of ONNX operators, with ONNX Runtime's fused ones where they exist on every provider. */
export const lowerings: { readonly [Op in Exclude<OpName, 'input'>]: Lowering<Op> } = {
  constant: (model, { tensor }) => [model.addTensor(tensor)],
  zeros: (model, { shape }) => [model.addOp('ConstantOfShape', [model.addInts(shape)])],
  add: elementwise('Add'),
  sub: elementwise('Sub'),
  mul: elementwise('Mul'),
  div: elementwise('Div'),
  exp: elementwise('Exp'),
  sqrt: elementwise('Sqrt'),
  sigmoid: elementwise('Sigmoid'),
  silu: (model, _, inputs) => [model.addOp('QuickGelu', inputs, { alpha: { float: 1 } }, MICROSOFT)],
  indicator: (model, _, [x]) => {
    const isZero = model.addOp('Equal', [x!, model.addFloats(0)]);
    return [model.addOp('Cast', [model.addOp('Not', [isZero])], { to: 1 })];
  },

  matmul: (model, { transposeA, transposeB, alpha }, inputs) => {
    if (!transposeA && !transposeB && alpha === 1) return [model.addOp('MatMul', inputs)];
    const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: alpha } };
    return [model.addOp('FusedMatMul', inputs, attributes, MICROSOFT)];
  },
  reduceSum: reduce('ReduceSum'),
  reduceMean: reduce('ReduceMean'),
  expandLike: (model, _, [x, like]) => [model.addOp('Expand', [x!, model.addOp('Shape', [like!])])],

  softmax: (model, _, inputs) => [model.addOp('Softmax', inputs, { axis: -1 })],
  reshape: (model, { shape }, [x]) => {
    const sizes = shape.map((dim) => (typeof dim === 'number' ? dim : -1));
    return [model.addOp('Reshape', [x!, model.addInts(sizes)])];
  },
  transpose: (model, { permutation }, inputs) => [model.addOp('Transpose', inputs, { perm: permutation })],
  split: (model, { axis, sizes }, [x]) =>
    model.addNode(
      'Split',
      [x!, model.addInts(sizes)],
      { axis },
      sizes.map(() => model.freshName()),
    ),
  concat: (model, { axis }, inputs) => [model.addOp('Concat', inputs, { axis })],

  gatherRows: (model, _, inputs) => [model.addOp('Gather', inputs, { axis: 0 })],
  scatterAddRows: (model, _, [base, index, rows], node) => {
    // ScatterND takes 64-bit indices only.
    const wide = node.inputs[1]!.dtype === 'i64' ? index! : model.addOp('Cast', [index!], { to: 7 });
    return [model.addOp('ScatterND', [base!, column(model, wide), rows!], { reduction: 'add' })];
  },
  gatherAlong: (model, _, inputs) => [model.addOp('GatherElements', inputs, { axis: -1 })],
  scatterAlong: (model, { width }, [updates, index], node) => {
    const shape = node.outputs[0]!.shape.map((dim, i, all) =>
      i === all.length - 1 ? width : (dim as number),
    );
    const base = model.addOp('ConstantOfShape', [model.addInts(shape)]);
    return [model.addOp('ScatterElements', [base, index!, updates!], { axis: -1 })];
  },
  topK: (model, { k }, [x]) =>
    model.addNode('TopK', [x!, model.addInts([k])], { axis: -1 }, [model.freshName(), model.freshName()]),
  nonZero: (model, _, [x]) => [model.addOp('Reshape', [model.addOp('NonZero', [x!]), model.addInts([-1])])],

  rmsNormalize: (model, { epsilon }, [x], node) => {
    const width = node.outputs[0]!.shape.at(-1) as number;
    const weight = model.addTensor({ dtype: 'f32', shape: [width], data: new Float32Array(width).fill(1) });
    const [normalized, inverse] = [model.freshName(), model.freshName()];
    const attributes = { axis: -1, epsilon: { float: epsilon }, stash_type: 1 };
    return model.addNode('SimplifiedLayerNormalization', [x!, weight], attributes, [normalized, inverse]);
  },
  rotary: (model, { inverse }, [x, cos, sin], node) => {
    const half = (node.inputs[0]!.shape.at(-1) as number) / 2;
    const halves = [model.freshName(), model.freshName()];
    model.addNode('Split', [x!, model.addInts([half, half])], { axis: -1 }, halves);
    const [a, b] = halves as [string, string];
    const turned = (s: 'Add' | 'Sub', left: string, right: string): string =>
      model.addOp(s, [model.addOp('Mul', [left, cos!]), model.addOp('Mul', [right, sin!])]);
    const parts = inverse
      ? [turned('Add', a, b), turned('Sub', b, a)]
      : [turned('Sub', a, b), turned('Add', b, a)];
    return [model.addOp('Concat', parts, { axis: -1 })];
  },
  crossEntropy: (model, _, [logits, targets]) => {
    const probabilities = model.addOp('Softmax', [logits!], { axis: -1 });
    const largest = (x: string): string =>
      model.addOp('ReduceMax', [x, model.addInts([-1])], { keepdims: 0 });
    // log Σ exp = max − log(softmax's max), which is at least 1 / classes: no logarithm of what has underflowed.
    const logSum = model.addOp('Sub', [largest(logits!), model.addOp('Log', [largest(probabilities)])]);
    const chosen = model.addOp('GatherElements', [logits!, column(model, targets!)], { axis: -1 });
    const losses = model.addOp('Sub', [logSum, model.addOp('Squeeze', [chosen, model.addInts([-1])])]);
    return [losses, probabilities];
  },
  crossEntropyGradient: (model, _, [probabilities, targets, upstream]) => {
    const scale = column(model, upstream!);
    const scaled = model.addOp('Mul', [probabilities!, scale]);
    const minus = model.addOp('Neg', [scale]);
    const attributes = { axis: -1, reduction: 'add' };
    return [model.addOp('ScatterElements', [scaled, column(model, targets!), minus], attributes)];
  },
};
