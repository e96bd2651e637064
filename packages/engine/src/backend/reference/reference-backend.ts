import type { Graph } from '../../graph/graph.ts';
import type { Node, OpName, Value } from '../../graph/value.ts';
import { type Tensor, tensor } from '../../tensor.ts';
import type { Backend, Executable, Tensors } from '../backend.ts';
import { requireFeeds } from '../feeds.ts';
import { type RefArray, refArray } from './array.ts';
import { kernels } from './kernels.ts';

type AnyKernel = (attributes: unknown, inputs: readonly RefArray[]) => readonly RefArray[];

/** Computes a graph's outputs in float64 from float64 feeds, node after node. */
export function evaluate(graph: Graph, feeds: ReadonlyMap<string, RefArray>): Map<string, RefArray> {
  const known = new Map<Value, RefArray>();
  for (const [name, value] of graph.inputs) {
    const fed = feeds.get(name);
    if (fed === undefined) throw new Error(`graph input "${name}" was not fed`);
    known.set(value, fed);
  }
  for (const node of graph.nodes) {
    const kernel = kernels[node.op as Exclude<OpName, 'input'>] as AnyKernel;
    const results = kernel(
      node.attributes,
      node.inputs.map((operand) => known.get(operand)!),
    );
    (node as Node).outputs.forEach((out, i) => {
      if (!known.has(out)) known.set(out, results[i]!);
    });
  }
  return new Map([...graph.outputs].map(([name, value]) => [name, known.get(value)!]));
}

/** The plain TypeScript backend: slow, exact to double precision, and what every other backend is tested against. */
export const referenceBackend: Backend = {
  name: 'reference',
  compile(graph: Graph): Promise<Executable> {
    const run = (feeds: Tensors, into: Tensors = {}): Promise<Tensors> => {
      requireFeeds(graph, feeds);
      const arrays = new Map<string, RefArray>();
      for (const name of graph.inputs.keys()) {
        const fed = feeds[name]!;
        arrays.set(name, refArray(fed.shape, Float64Array.from(fed.data, Number)));
      }
      const results: Record<string, Tensor> = {};
      for (const [name, array] of evaluate(graph, arrays)) {
        const result = narrow(array, graph.outputs.get(name)!);
        const target = into[name];
        if (target === undefined) results[name] = result;
        else {
          (target.data as Float32Array).set(result.data as Float32Array);
          results[name] = target;
        }
      }
      return Promise.resolve(results);
    };
    return Promise.resolve({
      inputNames: [...graph.inputs.keys()],
      outputNames: [...graph.outputs.keys()],
      run,
      dispose: () => Promise.resolve(),
    });
  },
};

function narrow(array: RefArray, value: Value): Tensor {
  if (value.dtype === 'f32') return tensor(Float32Array.from(array.data), array.shape);
  if (value.dtype === 'i32') return tensor(Int32Array.from(array.data), array.shape);
  return tensor(BigInt64Array.from(Array.from(array.data, BigInt)), array.shape);
}
