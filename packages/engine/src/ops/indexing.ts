import { describe, trace, traceOne, type Value } from '../graph/value.ts';

function requireIndex(op: string, index: Value): void {
  if (index.dtype === 'f32') throw new TypeError(`${op} needs integer indices, got ${describe(index)}`);
}

/** `out[i, …] = x[index[i], …]`. */
export function gatherRows(x: Value, index: Value): Value {
  requireIndex('gatherRows', index);
  if (index.shape.length !== 1)
    throw new TypeError(`gatherRows needs a vector of indices, got ${describe(index)}`);
  return traceOne('gatherRows', {}, [x, index], {
    dtype: x.dtype,
    shape: [index.shape[0]!, ...x.shape.slice(1)],
  });
}

/** `base` with `rows[i, …]` added to row `index[i]`; an index may occur more than once. */
export function scatterAddRows(base: Value, index: Value, rows: Value): Value {
  requireIndex('scatterAddRows', index);
  const agrees =
    rows.shape.length === base.shape.length &&
    rows.shape.every((dim, axis) => dim === (axis === 0 ? index.shape[0] : base.shape[axis]));
  if (!agrees) {
    throw new TypeError(`cannot add rows ${describe(rows)} at ${describe(index)} to ${describe(base)}`);
  }
  return traceOne('scatterAddRows', {}, [base, index, rows], { dtype: 'f32', shape: base.shape });
}

/** `out[i, j] = x[i, index[i, j]]`. */
export function gatherAlong(x: Value, index: Value): Value {
  requireIndex('gatherAlong', index);
  return traceOne('gatherAlong', {}, [x, index], { dtype: x.dtype, shape: index.shape });
}

/** `[rows, width]` zeros with `out[i, index[i, j]] = updates[i, j]`; the indices of one row must be distinct. */
export function scatterAlong(updates: Value, index: Value, width: number): Value {
  requireIndex('scatterAlong', index);
  const shape = [...updates.shape.slice(0, -1), width];
  return traceOne('scatterAlong', { width }, [updates, index], { dtype: 'f32', shape });
}

/** The `k` largest along the last axis in descending order, ties to the lower index. */
export function topK(x: Value, k: number): { readonly values: Value; readonly indices: Value } {
  const width = x.shape.at(-1);
  if (typeof width !== 'number' || k < 1 || k > width) {
    throw new RangeError(`cannot take the ${k} largest of ${describe(x)}`);
  }
  const shape = [...x.shape.slice(0, -1), k];
  const [values, indices] = trace(
    'topK',
    { k },
    [x],
    [
      { dtype: 'f32', shape },
      { dtype: 'i64', shape },
    ],
  );
  return { values: values!, indices: indices! };
}

/** Ascending indices of the non-zero elements of a vector; `count` names their number. */
export function nonZero(x: Value, count: string): Value {
  if (x.shape.length !== 1) throw new TypeError(`nonZero needs a vector, got ${describe(x)}`);
  return traceOne('nonZero', { count }, [x], { dtype: 'i64', shape: [count] });
}
