import type { Node, Value } from './value.ts';

/**
 * What a backend compiles: the nodes between named inputs and named outputs. Any value may stand as an input, also one
 * that has a producer: the graph is cut there, which is how a backward graph takes the intermediates that were kept.
 */
export type Graph = {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  /** In an order in which every node comes after those it reads. */
  readonly nodes: readonly Node[];
};

/**
 * The graph that computes `outputs`, cut at `cuts`. Inputs that no output needs are left out.
 * Throws an Error if an input name stands for two values.
 */
export function graphOf(
  outputs: ReadonlyMap<string, Value>,
  cuts: ReadonlyMap<string, Value> = new Map(),
): Graph {
  const nameOfCut = new Map<Value, string>();
  for (const [name, value] of cuts) nameOfCut.set(value, name);
  const inputs = new Map<string, Value>();
  const nodes: Node[] = [];
  const visited = new Set<Node>();

  const addInput = (name: string, value: Value): void => {
    const other = inputs.get(name);
    if (other !== undefined && other !== value) throw new Error(`two graph inputs are named "${name}"`);
    inputs.set(name, value);
  };
  // An explicit stack: a deep model's graph is deeper than the call stack allows.
  const pending: { readonly value: Value; readonly expanded: boolean }[] = [];
  for (const value of [...outputs.values()].reverse()) pending.push({ value, expanded: false });
  while (pending.length > 0) {
    const { value, expanded } = pending.pop()!;
    const { node } = value;
    if (expanded) {
      if (!visited.has(node)) {
        visited.add(node);
        nodes.push(node);
      }
      continue;
    }
    const cut = nameOfCut.get(value);
    if (cut !== undefined) {
      addInput(cut, value);
      continue;
    }
    if (visited.has(node)) continue;
    if (node.op === 'input') {
      addInput((node as Node<'input'>).attributes.name, value);
      continue;
    }
    pending.push({ value, expanded: true });
    for (const operand of [...node.inputs].reverse()) pending.push({ value: operand, expanded: false });
  }
  return { inputs, outputs, nodes };
}
