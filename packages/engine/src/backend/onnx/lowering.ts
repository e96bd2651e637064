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

  cachedAttention: (model, { scale }, [q, k, v, pastK, pastV, pastMask], node) => {
    const [batch, heads, tokens, size] = node.outputs[0]!.shape;
    const keyHeads = node.inputs[1]!.shape[1] as number;
    const sharing = (heads as number) / keyHeads;
    // At most one size of a shape may be unknown to a Reshape; 0 keeps the operand's own.
    const grouped =
      typeof tokens === 'number'
        ? [0, keyHeads, sharing * tokens, size as number]
        : [1, keyHeads, -1, size as number];
    if (typeof tokens !== 'number' && batch !== 1) {
      throw new TypeError('cachedAttention of unknown length takes a batch of one');
    }
    const stacked = sharing === 1 ? q! : model.addOp('Reshape', [q!, model.addInts(grouped)]);
    const product = (a: string, b: string): string =>
      model.addOp('FusedMatMul', [a, b], { transA: 0, transB: 1, alpha: { float: scale } }, MICROSOFT);
    const mask = model.addOp('Unsqueeze', [pastMask!, model.addInts([1, 2])]);
    const pastScores = model.addOp('Add', [product(stacked, pastK!), mask]);
    const newScores = causal(model, product(stacked, k!), node, sharing);
    const lengths = model.addOp('Concat', [shapeOfAxis(model, pastMask!, 1), shapeOfAxis(model, k!, 2)], {
      axis: 0,
    });
    const scores = model.addOp('Concat', [pastScores, newScores], { axis: -1 });
    const weights = model.addOp('Softmax', [scores], { axis: -1 });
    const parts = [model.freshName(), model.freshName()];
    model.addNode('Split', [weights, lengths], { axis: -1 }, parts);
    const mixed = model.addOp('Add', [
      model.addOp('MatMul', [parts[0]!, pastV!]),
      model.addOp('MatMul', [parts[1]!, v!]),
    ]);
    if (sharing === 1) return [mixed];
    const ungrouped =
      typeof tokens === 'number'
        ? [0, heads as number, tokens, size as number]
        : [1, heads as number, -1, size as number];
    return [model.addOp('Reshape', [mixed, model.addInts(ungrouped)])];
  },
  sparseExperts: (model, { k, renormalize }, [x, logits, gateUp, down]) => {
    const attributes = {
      k,
      normalize_routing_weights: renormalize ? 1 : 0,
      activation_type: 'swiglu',
      // Gate and up rows in turn, and nothing added to or cut from either: plain SwiGLU.
      swiglu_fusion: 1,
      activation_alpha: { float: 1 },
      activation_beta: { float: 0 },
    };
    return [model.addOp('MoE', [x!, logits!, gateUp!, '', down!], attributes, MICROSOFT)];
  },
};

function shapeOfAxis(model: OnnxModel, x: string, axis: number): string {
  return model.addOp('Shape', [x], { start: axis, end: axis + 1 });
}

/** Scores of new tokens among themselves, `[batch, keyHeads, sharing · tokens, tokens]`, without those of later ones. */
function causal(model: OnnxModel, scores: string, node: Node<'cachedAttention'>, sharing: number): string {
  const tokens = node.inputs[1]!.shape[2]!;
  if (tokens === 1) return scores;
  const length = shapeOfAxis(model, scores, 3);
  const square = model.addOp('Concat', [length, length], { axis: 0 });
  const later = model.addTensor({ dtype: 'f32', shape: [1], data: Float32Array.of(-1e9) });
  const full = model.addOp('Expand', [later, square]);
  const mask = model.addOp(
    'Trilu',
    [full, model.addTensor({ dtype: 'i64', shape: [], data: BigInt64Array.of(1n) })],
    {
      upper: 1,
    },
  );
  const repeats = model.addInts([sharing, 1]);
  return model.addOp('Add', [scores, sharing === 1 ? mask : model.addOp('Tile', [mask, repeats])]);
}
