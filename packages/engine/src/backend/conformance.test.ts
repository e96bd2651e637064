import { describe, expect, test } from 'vitest';
import {
  add,
  cachedAttention,
  concat,
  crossEntropy,
  div,
  evaluate,
  exp,
  expandLike,
  gatherAlong,
  gatherRows,
  gradients,
  graphOf,
  indicator,
  input,
  matmul,
  mul,
  nonZero,
  onnxBackend,
  type RefArray,
  reduceMean,
  reduceSum,
  refArray,
  reshape,
  rmsNormalize,
  rotary,
  scatterAddRows,
  scatterAlong,
  sigmoid,
  silu,
  softmax,
  sparseExperts,
  split,
  sqrt,
  sub,
  type Tensor,
  topK,
  transpose,
  type Value,
  zeros,
} from '../index.ts';
import { kernels } from './reference/kernels.ts';

/** Largest allowed difference between single precision and the float64 reference, relative to 1 + |reference|. */
const BACKEND_TOLERANCE = 2e-5;
/** Central differences of step 1e-5 in float64 are good to about this. */
const DIFFERENCE_TOLERANCE = 1e-6;

type Case = {
  readonly name: string;
  /** Differentiable inputs and their shapes. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Integer inputs. */
  readonly integers?: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>
  >;
  readonly positive?: boolean;
  /** Not differentiable: only the forward pass is compared. */
  readonly forwardOnly?: boolean;
  readonly build: (v: Readonly<Record<string, Value>>) => Value;
};

const index = (shape: readonly number[], data: readonly number[]) => ({ shape, data });

const cases: readonly Case[] = [
  { name: 'add with broadcasting', shapes: { a: [2, 3], b: [3] }, build: ({ a, b }) => add(a!, b!) },
  { name: 'sub with broadcasting', shapes: { a: [2, 1], b: [2, 3] }, build: ({ a, b }) => sub(a!, b!) },
  { name: 'mul with broadcasting', shapes: { a: [2, 1, 3], b: [4, 1] }, build: ({ a, b }) => mul(a!, b!) },
  { name: 'div', shapes: { a: [2, 3], b: [2, 3] }, positive: true, build: ({ a, b }) => div(a!, b!) },
  { name: 'exp', shapes: { a: [5] }, build: ({ a }) => exp(a!) },
  { name: 'sqrt', shapes: { a: [5] }, positive: true, build: ({ a }) => sqrt(a!) },
  { name: 'sigmoid', shapes: { a: [5] }, build: ({ a }) => sigmoid(a!) },
  { name: 'silu', shapes: { a: [5] }, build: ({ a }) => silu(a!) },
  {
    name: 'indicator',
    shapes: { a: [4] },
    forwardOnly: true,
    build: ({ a }) => indicator(concat([a!, zeros([2])], 0)),
  },
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      name: `matmul, transposeA ${transposeA}, transposeB ${transposeB}`,
      shapes: { a: transposeA ? [2, 4, 3] : [2, 3, 4], b: transposeB ? [2, 5, 4] : [2, 4, 5] },
      build: ({ a, b }: Readonly<Record<string, Value>>) =>
        matmul(a!, b!, { transposeA, transposeB, alpha: 0.5 }),
    })),
  ),
  { name: 'reduceSum', shapes: { a: [2, 3, 4] }, build: ({ a }) => reduceSum(a!, { axis: 1 }) },
  {
    name: 'reduceMean',
    shapes: { a: [2, 3] },
    build: ({ a }) => reduceMean(a!, { axis: -1, keepDims: true }),
  },
  {
    name: 'expandLike',
    shapes: { a: [1, 3], b: [2, 3] },
    build: ({ a, b }) => mul(expandLike(a!, b!), b!),
  },
  { name: 'softmax', shapes: { a: [3, 4] }, build: ({ a }) => softmax(a!) },
  { name: 'reshape', shapes: { a: [2, 6] }, build: ({ a }) => reshape(a!, [3, 4]) },
  { name: 'transpose', shapes: { a: [2, 3, 4] }, build: ({ a }) => transpose(a!, [2, 0, 1]) },
  {
    name: 'split of which one part is used',
    shapes: { a: [2, 5] },
    build: ({ a }) => split(a!, 1, [2, 3])[1]!,
  },
  { name: 'concat', shapes: { a: [2, 2], b: [2, 3] }, build: ({ a, b }) => concat([a!, b!], 1) },
  {
    name: 'gatherRows with a repeated index',
    shapes: { a: [3, 2] },
    integers: { i: index([4], [2, 0, 2, 1]) },
    build: ({ a, i }) => gatherRows(a!, i!),
  },
  {
    name: 'scatterAddRows with a repeated index',
    shapes: { a: [3, 2], b: [3, 2] },
    integers: { i: index([3], [2, 0, 2]) },
    build: ({ a, b, i }) => scatterAddRows(a!, i!, b!),
  },
  {
    name: 'gatherAlong',
    shapes: { a: [2, 4] },
    integers: { i: index([2, 2], [3, 0, 1, 2]) },
    build: ({ a, i }) => gatherAlong(a!, i!),
  },
  {
    name: 'scatterAlong',
    shapes: { a: [2, 2] },
    integers: { i: index([2, 2], [3, 0, 1, 2]) },
    build: ({ a, i }) => scatterAlong(a!, i!, 5),
  },
  { name: 'topK', shapes: { a: [4, 6] }, build: ({ a }) => topK(a!, 2).values },
  {
    name: 'rows chosen by nonZero',
    shapes: { a: [4, 3], b: [4] },
    build: ({ a, b }) => scatterAddRows(zeros([4, 3]), nonZero(b!, 'n'), gatherRows(a!, nonZero(b!, 'n'))),
  },
  {
    name: 'a product over no rows',
    shapes: { a: [4, 3], w: [2, 3] },
    build: ({ a, w }) => {
      const none = nonZero(zeros([4]), 'n');
      const product = matmul(gatherRows(a!, none), w!, { transposeB: true });
      return scatterAddRows(zeros([4, 2]), none, product);
    },
  },
  {
    name: 'rmsNormalize',
    shapes: { a: [3, 4] },
    build: ({ a }) => rmsNormalize(a!, 1e-3).normalized,
  },
  {
    name: 'rotary',
    shapes: { a: [2, 3, 4], c: [3, 2], s: [3, 2] },
    build: ({ a, c, s }) => rotary(a!, detached(c!), detached(s!)),
  },
  {
    name: 'rotary inverse',
    shapes: { a: [2, 3, 4], c: [3, 2], s: [3, 2] },
    build: ({ a, c, s }) => rotary(a!, detached(c!), detached(s!), true),
  },
  {
    name: 'crossEntropy',
    shapes: { a: [3, 5] },
    integers: { i: index([3], [4, 0, 2]) },
    build: ({ a, i }) => crossEntropy(a!, i!).losses,
  },
  ...[1, 3].flatMap((tokens) =>
    [1, 2].map((sharing) => ({
      name: `cachedAttention of ${tokens} new, ${sharing} queries to a key`,
      shapes: {
        q: [2, 2 * sharing, tokens, 4],
        k: [2, 2, tokens, 4],
        v: [2, 2, tokens, 4],
        pastK: [2, 2, 5, 4],
        pastV: [2, 2, 5, 4],
        mask: [2, 5],
      },
      forwardOnly: true,
      build: ({ q, k, v, pastK, pastV, mask }: Readonly<Record<string, Value>>) =>
        cachedAttention(q!, { k: k!, v: v! }, { k: pastK!, v: pastV!, mask: mask! }, 0.5),
    })),
  ),
  ...[false, true].map((renormalize) => ({
    name: `sparseExperts, renormalize ${renormalize}`,
    shapes: { x: [5, 4], logits: [5, 6], gateUp: [6, 6, 4], down: [6, 4, 3] },
    forwardOnly: true,
    build: ({ x, logits, gateUp, down }: Readonly<Record<string, Value>>) =>
      sparseExperts(x!, logits!, { gateUp: gateUp!, down: down! }, { k: 2, renormalize }),
  })),
];

/** The same numbers without a path for gradients: rotary angles are constants of a model. */
function detached(value: Value): Value {
  return mul(value, indicator(value));
}

function pseudoRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function prepare(spec: Case): { feeds: Map<string, RefArray>; values: Record<string, Value> } {
  const random = pseudoRandom(7);
  const feeds = new Map<string, RefArray>();
  const values: Record<string, Value> = {};
  for (const [name, shape] of Object.entries(spec.shapes)) {
    const array = refArray(shape);
    array.data.forEach((_, i) => {
      array.data[i] = spec.positive === true ? 1.5 + random() : random();
    });
    feeds.set(name, array);
    values[name] = input(name, 'f32', shape);
  }
  for (const [name, { shape, data }] of Object.entries(spec.integers ?? {})) {
    feeds.set(name, refArray(shape, Float64Array.from(data)));
    values[name] = input(name, 'i32', shape);
  }
  return { feeds, values };
}

function toTensors(feeds: ReadonlyMap<string, RefArray>, values: Readonly<Record<string, Value>>) {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of feeds) {
    const { dtype } = values[name]!;
    tensors[name] = { dtype, shape, data: dtype === 'f32' ? Float32Array.from(data) : Int32Array.from(data) };
  }
  return tensors;
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!) / (1 + Math.abs(expected[i]!));
    expect(difference, `element ${i}: ${actual[i]} against ${expected[i]}`).toBeLessThanOrEqual(tolerance);
  }
}

/** Output, gradient of `Σ weight · output` by each input; the weights differ per element so that no sum hides a swap. */
function traceWithGradients(spec: Case, values: Readonly<Record<string, Value>>) {
  const output = spec.build(values);
  const seed = input('seed', 'f32', output.shape);
  const names = Object.keys(spec.shapes);
  const outputs = new Map([['output', output]]);
  if (spec.forwardOnly !== true) {
    const byInput = gradients(
      [{ output, gradient: seed }],
      names.map((name) => values[name]!),
    );
    names.forEach((name, i) => {
      outputs.set(`d ${name}`, byInput[i]!);
    });
  }
  const seedArray = refArray(output.shape as readonly number[]);
  seedArray.data.forEach((_, i) => {
    seedArray.data[i] = 1 + 0.3 * Math.sin(i);
  });
  return { output, seed, seedArray, graph: graphOf(outputs) };
}

describe('every operation', () => {
  test('has a case', () => {
    const traced = new Set<string>();
    for (const spec of cases) {
      const { values } = prepare(spec);
      for (const node of traceWithGradients(spec, values).graph.nodes) traced.add(node.op);
    }
    const missing = Object.keys(kernels).filter((op) => !traced.has(op));
    expect(missing).toEqual([]);
  });

  for (const spec of cases) {
    test(`${spec.name}: the ONNX backend agrees with the reference`, async () => {
      const { feeds, values } = prepare(spec);
      const { graph, seed, seedArray } = traceWithGradients(spec, values);
      const all = new Map([...feeds, ['seed', seedArray] as const]);
      const expected = evaluate(graph, all);
      const executable = await onnxBackend({ threads: 1 }).compile(graph);
      const actual = await executable.run(toTensors(all, { ...values, seed }));
      await executable.dispose();
      for (const [name, { data }] of expected) {
        expectClose(Array.from(actual[name]!.data, Number), data, BACKEND_TOLERANCE);
      }
    });

    if (spec.forwardOnly === true) continue;
    test(`${spec.name}: gradients agree with finite differences`, () => {
      const { feeds, values } = prepare(spec);
      const { graph, seedArray, output } = traceWithGradients(spec, values);
      const all = new Map([...feeds, ['seed', seedArray] as const]);
      const traced = evaluate(graph, all);
      const forward = graphOf(new Map([['output', output]]));
      const objective = (): number =>
        evaluate(forward, all)
          .get('output')!
          .data.reduce((sum, y, i) => sum + y * seedArray.data[i]!, 0);
      for (const name of Object.keys(spec.shapes)) {
        if (traced.get(`d ${name}`)!.data.every((value) => value === 0)) continue;
        const { data } = feeds.get(name)!;
        const numeric = data.map((value, i) => {
          const step = 1e-5;
          data[i] = value + step;
          const above = objective();
          data[i] = value - step;
          const below = objective();
          data[i] = value;
          return (above - below) / (2 * step);
        });
        expectClose(traced.get(`d ${name}`)!.data, numeric, DIFFERENCE_TOLERANCE);
      }
    });
  }
});
