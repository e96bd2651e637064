/** Element types a graph can hold: IEEE single precision for values, integers for token ids and indices. */
export type DType = 'f32' | 'i32' | 'i64';

export type TensorData = Float32Array | Int32Array | BigInt64Array;

/** A dense row-major tensor. */
export type Tensor = {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
};

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dim of shape) count *= dim;
  return count;
}

/** A tensor over `data`, which is not copied. Throws a RangeError if the sizes disagree. */
export function tensor(data: TensorData, shape: readonly number[]): Tensor {
  if (data.length !== elementCount(shape)) {
    throw new RangeError(
      `a tensor of shape [${shape}] needs ${elementCount(shape)} elements, got ${data.length}`,
    );
  }
  const dtype = data instanceof Float32Array ? 'f32' : data instanceof Int32Array ? 'i32' : 'i64';
  return { dtype, shape, data };
}

/** A single-precision tensor of zeros. */
export function zerosTensor(shape: readonly number[]): Tensor {
  return tensor(new Float32Array(elementCount(shape)), shape);
}

/** The elements of a single-precision tensor; throws a TypeError for any other type. */
export function floats(value: Tensor): Float32Array {
  if (!(value.data instanceof Float32Array))
    throw new TypeError(`expected an f32 tensor, got ${value.dtype}`);
  return value.data;
}
