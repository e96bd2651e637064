import { type Dim, describe, traceOne, type Value } from '../graph/value.ts';

export type ReduceOptions = { readonly axis: number; readonly keepDims?: boolean };

function reduce(op: 'reduceSum' | 'reduceMean', x: Value, options: ReduceOptions): Value {
  const axis = options.axis < 0 ? options.axis + x.shape.length : options.axis;
  if (!(axis >= 0 && axis < x.shape.length)) {
    throw new RangeError(`axis ${options.axis} is outside of ${describe(x)}`);
  }
  const keepDims = options.keepDims ?? false;
  const shape: Dim[] = [...x.shape];
  if (keepDims) shape[axis] = 1;
  else shape.splice(axis, 1);
  return traceOne(op, { axis, keepDims }, [x], { dtype: 'f32', shape });
}

/** Sum over one axis; negative axes count from the end. */
export const reduceSum = (x: Value, options: ReduceOptions): Value => reduce('reduceSum', x, options);

/** Mean over one axis; negative axes count from the end. */
export const reduceMean = (x: Value, options: ReduceOptions): Value => reduce('reduceMean', x, options);

/** `x` broadcast to the shape of `like`. */
export function expandLike(x: Value, like: Value): Value {
  return traceOne('expandLike', {}, [x, like], { dtype: x.dtype, shape: like.shape });
}

/** `x` summed over the axes along which it was broadcast from `shape`: the transpose of broadcasting. */
export function sumToShape(x: Value, shape: readonly Dim[]): Value {
  let result = x;
  while (result.shape.length > shape.length) result = reduceSum(result, { axis: 0 });
  shape.forEach((dim, axis) => {
    if (dim === 1 && result.shape[axis] !== 1) result = reduceSum(result, { axis, keepDims: true });
  });
  return result;
}
