import { protocolError, requireArgument } from '../errors.ts';

/** A dense float32 tensor in row-major order. */
export type Tensor = { readonly shape: readonly number[]; readonly data: Float32Array };

/** Tensors by name. Whatever depends on order goes by name, in UTF-16 code unit order. */
export type TensorMap = ReadonlyMap<string, Tensor>;

/** The name and shape a tensor must have. */
export type TensorSpec = { readonly name: string; readonly shape: readonly number[] };

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Names in canonical order. */
export function sortedNames(names: Iterable<string>): string[] {
  return [...names].sort();
}

export function equalShapes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** The tensor of a name known to be present. Fails with `invalid_argument`. */
export function tensorNamed(tensors: TensorMap, name: string): Tensor {
  const tensor = tensors.get(name);
  requireArgument(tensor !== undefined, `There is no tensor "${name}".`, { name });
  return tensor;
}

/** Fails with `invalid_argument` unless the tensors are exactly the specified ones. */
export function requireExactTensors(tensors: TensorMap, specs: readonly TensorSpec[]): void {
  requireArgument(tensors.size === specs.length, `Expected ${specs.length} tensors, got ${tensors.size}.`);
  for (const { name, shape } of specs) {
    const tensor = tensorNamed(tensors, name);
    const fits = equalShapes(tensor.shape, shape) && tensor.data.length === elementsOf(shape);
    requireArgument(fits, `Tensor "${name}" has shape [${tensor.shape}], expected [${shape}].`, { name });
  }
}

/** Index of the first value that is NaN or infinite, or -1. */
export function firstNonFinite(data: Float32Array): number {
  // x − x is 0 for every finite x and NaN for all others: a sum without branches, several times faster than asking each.
  let rest = 0;
  for (let i = 0; i < data.length; i++) rest += data[i]! - data[i]!;
  if (rest === 0) return -1;
  return data.findIndex((value) => !Number.isFinite(value));
}

/** Fails with `non_finite_delta` where a value is NaN or infinite. `start` is the first value's number in its tensor. */
export function requireFinite(name: string, data: Float32Array, start = 0): void {
  const found = firstNonFinite(data);
  if (found < 0) return;
  const index = start + found;
  const message = `Tensor "${name}" is ${data[found]} at element ${index}.`;
  throw protocolError('non_finite_delta', message, { name, index });
}

/** Little-endian bytes of float32 values, on any platform. */
export function float32Bytes(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * data.length);
  writeFloat32(bytes, 0, data);
  return bytes;
}

/** Writes float32 values into `bytes` at `offset`, little-endian. */
export function writeFloat32(bytes: Uint8Array, offset: number, data: Float32Array): void {
  if (LITTLE_ENDIAN) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  data.forEach((value, i) => {
    view.setFloat32(offset + 4 * i, value, true);
  });
}

/** Reads `count` little-endian float32 values at `offset` into an array of their own. */
export function readFloat32(bytes: Uint8Array, offset: number, count: number): Float32Array {
  const data = new Float32Array(count);
  if (LITTLE_ENDIAN) {
    new Uint8Array(data.buffer).set(bytes.subarray(offset, offset + 4 * count));
    return data;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) data[i] = view.getFloat32(offset + 4 * i, true);
  return data;
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
