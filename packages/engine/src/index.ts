/**
 * Traced tensor graphs, automatic differentiation, and the backends that run them.
 *
 * @example
 * const x = input('x', 'f32', [2, 3]);
 * const w = input('w', 'f32', [4, 3]);
 * const y = matmul(x, w, { transposeB: true });
 * const [dw] = gradients([{ output: y, gradient: input('dy', 'f32', [2, 4]) }], [w]);
 * const backward = await onnxBackend({ threads: 1 }).compile(graphOf(new Map([['dw', dw!]])));
 */
export type { Backend, Executable, Tensors } from './backend/backend.ts';
export { emitOnnx } from './backend/onnx/emit.ts';
export { type OnnxBackendOptions, onnxBackend } from './backend/onnx/onnx-backend.ts';
export { type RefArray, refArray } from './backend/reference/array.ts';
export { evaluate, referenceBackend } from './backend/reference/reference-backend.ts';
export { gradients, type Seed } from './grad/gradients.ts';
export { valuesToKeep } from './grad/rematerialize.ts';
export { type Graph, graphOf } from './graph/graph.ts';
export type { Dim, Node, OpName, Value, ValueType } from './graph/value.ts';
export { add, div, exp, indicator, mul, scalar, sigmoid, silu, sqrt, sub } from './ops/elementwise.ts';
export { gatherAlong, gatherRows, nonZero, scatterAddRows, scatterAlong, topK } from './ops/indexing.ts';
export { cachedAttention, sparseExperts } from './ops/inference.ts';
export { type MatmulOptions, matmul } from './ops/linear.ts';
export { crossEntropy, rmsNorm, rmsNormalize, rotary, softmax } from './ops/network.ts';
export { expandLike, reduceMean, reduceSum } from './ops/reduce.ts';
export { concat, reshape, split, transpose } from './ops/shape.ts';
export { constant, input, zeros } from './ops/source.ts';
export { type AdamWOptions, type AdamWState, adamWState, adamWStep, globalNorm } from './optim/adamw.ts';
export { type DType, elementCount, floats, type Tensor, tensor, zerosTensor } from './tensor.ts';
