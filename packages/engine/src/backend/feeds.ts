import type { Graph } from '../graph/graph.ts';
import { describe } from '../graph/value.ts';
import type { Tensors } from './backend.ts';

/** Throws an Error that names the first input of `graph` which `feeds` lacks or gives with another type or shape. */
export function requireFeeds(graph: Graph, feeds: Tensors): void {
  for (const [name, value] of graph.inputs) {
    const fed = feeds[name];
    if (fed === undefined) throw new Error(`graph input "${name}", ${describe(value)}, was not fed`);
    const fits =
      fed.dtype === value.dtype &&
      fed.shape.length === value.shape.length &&
      value.shape.every((dim, axis) => typeof dim === 'string' || dim === fed.shape[axis]);
    if (!fits) throw new Error(`graph input "${name}" is ${describe(value)} but was fed ${describe(fed)}`);
  }
}
