import type { Graph } from '../../graph/graph.ts';
import type { OpName, Value } from '../../graph/value.ts';
import { lowerings } from './lowering.ts';
import { OnnxModel } from './onnx-model.ts';

type AnyLowering = (
  model: OnnxModel,
  attributes: unknown,
  inputs: readonly string[],
  node: unknown,
) => readonly string[];

/** A graph as the bytes of an ONNX model, with the graph's names for its inputs and outputs. */
export function emitOnnx(graph: Graph): Uint8Array {
  const model = new OnnxModel();
  const nameOf = new Map<Value, string>();
  for (const [name, value] of graph.inputs) {
    model.addInput(name, value);
    nameOf.set(value, name);
  }
  for (const node of graph.nodes) {
    const lower = lowerings[node.op as Exclude<OpName, 'input'>] as AnyLowering;
    const names = lower(
      model,
      node.attributes,
      node.inputs.map((operand) => nameOf.get(operand)!),
      node,
    );
    node.outputs.forEach((out, i) => {
      if (!nameOf.has(out)) nameOf.set(out, names[i]!);
    });
  }
  const computed = new Set(
    graph.nodes.filter(({ op }) => op !== 'constant').flatMap(({ outputs }) => outputs),
  );
  for (const cut of graph.inputs.values()) computed.delete(cut);
  for (const [name, value] of graph.outputs) {
    const edge = nameOf.get(value)!;
    // The edge itself takes the output's name where it can: an Identity would copy whatever the graph also reads.
    if (computed.delete(value)) model.renameEdge(edge, name);
    else model.addNode('Identity', [edge], {}, [name]);
    model.addOutput(name, value);
  }
  return model.encode();
}
