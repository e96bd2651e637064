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
  for (const [name, value] of graph.outputs) {
    // An Identity gives the output its name; the runtime removes it.
    model.addNode('Identity', [nameOf.get(value)!], {}, [name]);
    model.addOutput(name, value);
  }
  return model.encode();
}
