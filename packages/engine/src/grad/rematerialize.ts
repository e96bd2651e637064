import type { OpName, Value } from '../graph/value.ts';

/**
 * Operations whose results a backward pass keeps rather than computes again: matrix products and what costs an
 * exponential or a search for each element. Everything else is one cheap pass over memory.
 */
const EXPENSIVE: ReadonlySet<OpName> = new Set<OpName>([
  'matmul',
  'softmax',
  'topK',
  'rotary',
  'crossEntropy',
]);

/**
 * The values of a forward graph that its backward graph should read instead of computing again.
 *
 * Walks back from the backward graph's results; at the first expensive value of the forward graph it stops and keeps it,
 * cheap ones are recomputed from what they read. With an empty answer (do not call it) everything is recomputed from the
 * layer's input: gradient checkpointing (Chen et al. 2016).
 */
export function valuesToKeep(
  backward: Iterable<Value>,
  isForward: (value: Value) => boolean,
  available: ReadonlySet<Value>,
): Value[] {
  const kept = new Set<Value>();
  const visited = new Set<Value>();
  const pending = [...backward];
  while (pending.length > 0) {
    const value = pending.pop()!;
    if (visited.has(value) || available.has(value)) continue;
    visited.add(value);
    if (isForward(value) && EXPENSIVE.has(value.node.op)) kept.add(value);
    else pending.push(...value.node.inputs);
  }
  return [...kept];
}
