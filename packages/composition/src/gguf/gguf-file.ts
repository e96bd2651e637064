import { toBfloat16 } from '@connito/model';
import { DurableFile } from '@connito/node';
import { concatBytes, elementsOf, utf8 } from '@connito/protocol';
import { compositionError } from '../errors.ts';

/** Element types of a GGUF file that this writer knows, by ggml's numbers. */
const TENSOR_TYPES = { F32: 0, F16: 1, BF16: 30 } as const;
export type GgufType = keyof typeof TENSOR_TYPES;
const TYPE_BYTES: Readonly<Record<GgufType, number>> = { F32: 4, F16: 2, BF16: 2 };

/** A metadata value with its type, which GGUF stores. */
export type GgufValue =
  | { readonly type: 'u32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'i32s'; readonly value: readonly number[] };

export type GgufTensor = {
  readonly name: string;
  /** Row-major, outermost first, as in safetensors; the file stores it the other way round. */
  readonly shape: readonly number[];
  readonly type: GgufType;
  /** The elements in order, in pieces; asked for when they are written. */
  readonly parts: () => Iterable<Float32Array>;
};

const VERSION = 3;
/** Where every tensor starts, as llama.cpp assumes unless told. */
const ALIGNMENT = 32;
const VALUE_TYPES = { u32: 4, f32: 6, bool: 7, string: 8, array: 9, i32: 5 } as const;

/**
 * Writes a GGUF file (version 3, little-endian). Tensors are written one after another, so no more than one is held beside the
 * model. Fails with `not_expressible` where a value does not fit its element type.
 */
export async function writeGguf(
  path: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  const head: Uint8Array[] = [
    utf8('GGUF'),
    u32(VERSION),
    u64(tensors.length),
    u64(metadata.size),
    ...[...metadata].flatMap(([key, value]) => [string(key), encodeValue(value)]),
  ];
  let offset = 0;
  for (const { name, shape, type } of tensors) {
    const dims = [...shape].reverse().map(u64);
    head.push(string(name), u32(shape.length), ...dims, u32(TENSOR_TYPES[type]), u64(offset));
    offset += aligned(elementsOf(shape) * TYPE_BYTES[type]);
  }
  const header = concatBytes(head);
  await using file = await DurableFile.create(path);
  await file.write(header);
  await file.write(padding(header.length));
  for (const tensor of tensors) {
    let bytes = 0;
    for (const part of tensor.parts()) {
      const encoded = encodeElements(tensor, part);
      await file.write(encoded);
      bytes += encoded.length;
    }
    const expected = elementsOf(tensor.shape) * TYPE_BYTES[tensor.type];
    if (bytes !== expected) throw new RangeError(`${tensor.name} gave ${bytes} of ${expected} bytes`);
    await file.write(padding(bytes));
  }
  await file.commit();
}

function encodeElements({ name, type }: GgufTensor, values: Float32Array): Uint8Array {
  switch (type) {
    case 'F32':
      return bytesOf(values);
    case 'BF16':
      return bytesOf(toBfloat16(values));
    case 'F16': {
      const halves = Float16Array.from(values);
      const lost = halves.findIndex((half) => !Number.isFinite(half));
      if (lost >= 0) {
        const message = `${name} has the value ${values[lost]}, beyond half precision; export it as BF16 or F32.`;
        throw compositionError('not_expressible', message, { tensor: name });
      }
      return bytesOf(halves);
    }
  }
}

function bytesOf(values: Float32Array | Uint16Array | Float16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function encodeValue(value: GgufValue): Uint8Array {
  switch (value.type) {
    case 'u32':
      return concatBytes([u32(VALUE_TYPES.u32), u32(value.value)]);
    case 'f32':
      return concatBytes([u32(VALUE_TYPES.f32), bytesOf(Float32Array.of(value.value))]);
    case 'bool':
      return concatBytes([u32(VALUE_TYPES.bool), Uint8Array.of(value.value ? 1 : 0)]);
    case 'string':
      return concatBytes([u32(VALUE_TYPES.string), string(value.value)]);
    case 'strings':
      return array(VALUE_TYPES.string, value.value.map(string));
    case 'i32s':
      return array(
        VALUE_TYPES.i32,
        value.value.map((item) => u32(item >>> 0)),
      );
  }
}

function array(type: number, items: readonly Uint8Array[]): Uint8Array {
  return concatBytes([u32(VALUE_TYPES.array), u32(type), u64(items.length), ...items]);
}

function string(text: string): Uint8Array {
  const bytes = utf8(text);
  return concatBytes([u64(bytes.length), bytes]);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function padding(bytes: number): Uint8Array {
  return new Uint8Array(aligned(bytes) - bytes);
}
