import { elementCount } from '../../tensor.ts';

/** A row-major array of doubles: the reference backend computes everything, indices too, in float64. */
export type RefArray = { readonly shape: readonly number[]; readonly data: Float64Array };

export function refArray(shape: readonly number[], data?: Float64Array): RefArray {
  return { shape, data: data ?? new Float64Array(elementCount(shape)) };
}

/** Row-major strides, with 0 along axes that `shape` broadcasts to `target`. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const strides: number[] = new Array(target.length).fill(0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    if (size !== 1) strides[axis + target.length - shape.length] = stride;
    stride *= size;
  }
  return strides;
}

/** Calls `visit` with the linear index of every element of `shape` and its multi-index (reused between calls). */
export function forEachIndex(
  shape: readonly number[],
  visit: (linear: number, index: readonly number[]) => void,
): void {
  const count = elementCount(shape);
  const index: number[] = new Array(shape.length).fill(0);
  for (let linear = 0; linear < count; linear++) {
    visit(linear, index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** `a` and `b` combined elementwise with broadcasting. */
export function combine(a: RefArray, b: RefArray, f: (x: number, y: number) => number): RefArray {
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a.shape[axis - rank + a.shape.length] ?? 1;
    const right = b.shape[axis - rank + b.shape.length] ?? 1;
    shape.push(left === 1 ? right : left);
  }
  const result = refArray(shape);
  const strideA = broadcastStrides(a.shape, shape);
  const strideB = broadcastStrides(b.shape, shape);
  forEachIndex(shape, (linear, index) => {
    let atA = 0;
    let atB = 0;
    for (let axis = 0; axis < rank; axis++) {
      atA += index[axis]! * strideA[axis]!;
      atB += index[axis]! * strideB[axis]!;
    }
    result.data[linear] = f(a.data[atA]!, b.data[atB]!);
  });
  return result;
}
