import { graphOf } from '../graph/graph.ts';
import { describe, type Node, type OpName, type Value } from '../graph/value.ts';
import { add } from '../ops/elementwise.ts';
import { scatterAddRows } from '../ops/indexing.ts';
import { zeros } from '../ops/source.ts';
import { type GradientRule, gradientRules } from './gradient-rules.ts';

/** An output and the gradient of the objective by it, of equal shape. */
export type Seed = { readonly output: Value; readonly gradient: Value };

/**
 * Reverse-mode automatic differentiation: traces the gradients of `Σ ⟨seed.gradient, seed.output⟩` by each value of
 * `wrt`, in that order. Only nodes on a path from some `wrt` to some output are differentiated, so a backward pass of
 * frozen parameters costs nothing and stops at the lowest value asked for.
 */
export function gradients(seeds: readonly Seed[], wrt: readonly Value[]): Value[] {
  const outputs = new Map(seeds.map((seed, i) => [`${i}`, seed.output] as const));
  const { nodes } = graphOf(outputs, new Map(wrt.map((value, i) => [`wrt${i}`, value] as const)));

  const needed = new Set<Value>(wrt);
  for (const node of nodes) {
    if (node.inputs.some((operand) => needed.has(operand))) for (const out of node.outputs) needed.add(out);
  }

  const total = new Map<Value, Value>();
  const accumulate = (value: Value, gradient: Value): void => {
    const sum = total.get(value);
    total.set(value, sum === undefined ? gradient : sumOf(sum, gradient));
  };
  for (const { output, gradient } of seeds) {
    if (output.shape.join() !== gradient.shape.join()) {
      throw new TypeError(`a gradient ${describe(gradient)} does not fit its output ${describe(output)}`);
    }
    accumulate(output, gradient);
  }
  for (const node of [...nodes].reverse()) {
    const upstream = node.outputs.map((out) => total.get(out));
    const wanted = node.inputs.map((operand) => needed.has(operand));
    if (upstream.every((g) => g === undefined) || !wanted.includes(true)) continue;
    const rule = gradientRules[node.op] as GradientRule<OpName>;
    const results = rule(node as Node<OpName>, upstream, wanted);
    results.forEach((gradient, i) => {
      if (gradient !== undefined && wanted[i] === true) accumulate(node.inputs[i]!, gradient);
    });
  }
  return wrt.map((value) => total.get(value) ?? zeros(value.shape as readonly number[]));
}

/** `sum + gradient`. Rows scattered into zeros, as an expert's own rows are, are added to the sum where they belong. */
function sumOf(sum: Value, gradient: Value): Value {
  const [base, index, rows] = gradient.node.inputs;
  return gradient.node.op === 'scatterAddRows' && base!.node.op === 'zeros'
    ? scatterAddRows(sum, index!, rows!)
    : add(sum, gradient);
}
