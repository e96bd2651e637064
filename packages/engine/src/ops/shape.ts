import { type Dim, describe, trace, traceOne, type Value } from '../graph/value.ts';

/** The same elements in row-major order under another shape. At most one size may be a name, kept from `x`. */
export function reshape(x: Value, shape: readonly Dim[]): Value {
  const product = (dims: readonly Dim[]): number =>
    dims.reduce<number>((size, dim) => (typeof dim === 'number' ? size * dim : size), 1);
  const named = (dims: readonly Dim[]): string => dims.filter((dim) => typeof dim === 'string').join();
  if (product(shape) !== product(x.shape) || named(shape) !== named(x.shape)) {
    throw new TypeError(`cannot reshape ${describe(x)} to [${shape.join(', ')}]`);
  }
  return traceOne('reshape', { shape }, [x], { dtype: x.dtype, shape });
}

/** Axes reordered: result axis `i` is operand axis `permutation[i]`. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  const sorted = [...permutation].sort((a, b) => a - b);
  if (sorted.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
    throw new TypeError(`[${permutation}] does not permute the axes of ${describe(x)}`);
  }
  const shape = permutation.map((axis) => x.shape[axis]!);
  return traceOne('transpose', { permutation }, [x], { dtype: x.dtype, shape });
}

/** Consecutive parts along one axis, of the given sizes. */
export function split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis]) {
    throw new TypeError(`sizes [${sizes}] do not add up to axis ${axis} of ${describe(x)}`);
  }
  const types = sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape.map((dim, i) => (i === axis ? size : dim)),
  }));
  return trace('split', { axis, sizes }, [x], types);
}

/** Operands one after the other along an axis; all other axes must agree. */
export function concat(parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (first === undefined) throw new TypeError('concat needs at least one operand');
  let size = 0;
  for (const part of parts) {
    const dim = part.shape[axis];
    const agrees = part.shape.every((other, i) => i === axis || other === first.shape[i]);
    if (typeof dim !== 'number' || !agrees) {
      throw new TypeError(`cannot concatenate ${describe(part)} with ${describe(first)} along axis ${axis}`);
    }
    size += dim;
  }
  const shape = first.shape.map((dim, i) => (i === axis ? size : dim));
  return traceOne('concat', { axis }, parts, { dtype: first.dtype, shape });
}
