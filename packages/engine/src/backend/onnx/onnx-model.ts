import onnxProto from 'onnx-proto';
import type { Dim, ValueType } from '../../graph/value.ts';
import type { DType, Tensor } from '../../tensor.ts';

const { onnx } = onnxProto;

/** Version 18 of the operator set: the first with `num_outputs`-free Split and axes of reductions as inputs. */
const OPERATOR_SET = 18;
const ELEMENT_TYPE: Readonly<Record<DType, number>> = { f32: 1, i32: 6, i64: 7 };
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

export type AttributeValue = number | string | readonly number[] | { readonly float: number };

type NodeFields = {
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly opType: string;
  readonly domain: string;
  readonly attribute: object[];
};

/** Collects the nodes of one ONNX model (IR version 9) and encodes it. Names are the edges of the graph. */
export class OnnxModel {
  readonly #nodes: NodeFields[] = [];
  readonly #inputs: object[] = [];
  readonly #outputs: object[] = [];
  readonly #initializers: object[] = [];
  readonly #renamed = new Map<string, string>();
  #names = 0;

  /** A name not used before. */
  freshName(): string {
    this.#names += 1;
    return `_${this.#names}`;
  }

  addInput(name: string, type: ValueType): void {
    this.#inputs.push(valueInfo(name, type));
  }

  addOutput(name: string, type: ValueType): void {
    this.#outputs.push(valueInfo(name, type));
  }

  /** A stored tensor. The bytes are referenced, not copied. */
  addTensor(value: Tensor): string {
    const name = this.freshName();
    const { buffer, byteOffset, byteLength } = value.data;
    const rawData = new Uint8Array(buffer, byteOffset, byteLength);
    const dataType = ELEMENT_TYPE[value.dtype];
    this.#initializers.push(onnx.TensorProto.create({ name, dims: [...value.shape], dataType, rawData }));
    return name;
  }

  addFloats(...values: number[]): string {
    const data = Float32Array.from(values);
    return this.addTensor({ dtype: 'f32', shape: values.length === 1 ? [] : [values.length], data });
  }

  addInts(values: readonly number[]): string {
    const data = BigInt64Array.from(values.map(BigInt));
    return this.addTensor({ dtype: 'i64', shape: [values.length], data });
  }

  /** Adds a node with the given output names, or one fresh name, and returns them. */
  addNode(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    outputs: readonly string[] = [this.freshName()],
    domain = '',
  ): readonly string[] {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
    const name = outputs.find((output) => output !== '') ?? '';
    this.#nodes.push({ name, input: [...inputs], output: [...outputs], opType, domain, attribute });
    return outputs;
  }

  /** `addNode` for the first output. */
  addOp(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): string {
    return this.addNode(opType, inputs, attributes, [this.freshName()], domain)[0]!;
  }

  /** Gives an edge that a node writes another name, in that node and in all that read it. */
  renameEdge(from: string, to: string): void {
    this.#renamed.set(from, to);
  }

  encode(): Uint8Array {
    const renamed = (names: readonly string[]) => names.map((name) => this.#renamed.get(name) ?? name);
    const node = this.#nodes.map((each) =>
      onnx.NodeProto.create({ ...each, input: renamed(each.input), output: renamed(each.output) }),
    );
    const model = onnx.ModelProto.create({
      irVersion: 9,
      opsetImport: [
        { domain: '', version: OPERATOR_SET },
        { domain: 'com.microsoft', version: 1 },
      ],
      graph: onnx.GraphProto.create({
        name: 'graph',
        node,
        input: this.#inputs,
        output: this.#outputs,
        initializer: this.#initializers,
      }),
    });
    return onnx.ModelProto.encode(model).finish();
  }
}

function attributeOf(name: string, value: AttributeValue): object {
  if (typeof value === 'number') return onnx.AttributeProto.create({ name, type: ATTRIBUTE_INT, i: value });
  if (typeof value === 'string') {
    return onnx.AttributeProto.create({ name, type: ATTRIBUTE_STRING, s: new TextEncoder().encode(value) });
  }
  if ('float' in value) return onnx.AttributeProto.create({ name, type: ATTRIBUTE_FLOAT, f: value.float });
  return onnx.AttributeProto.create({ name, type: ATTRIBUTE_INTS, ints: [...value] });
}

function valueInfo(name: string, type: ValueType): object {
  const dim = type.shape.map((size: Dim) =>
    typeof size === 'number' ? { dimValue: size } : { dimParam: size },
  );
  const tensorType = { elemType: ELEMENT_TYPE[type.dtype], shape: { dim } };
  return onnx.ValueInfoProto.create({ name, type: { tensorType } });
}
