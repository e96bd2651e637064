import { type Dim, describe, traceOne, type Value } from '../graph/value.ts';

export type MatmulOptions = {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly alpha?: number;
};

/**
 * `alpha · op(A) · op(B)`: `[…, m, k] × […, k, n] → […, m, n]`, where `op` transposes the last two axes if asked. Leading
 * axes must be equal.
 */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transposeA = false, transposeB = false, alpha = 1 } = options;
  const [m, k] = matrixShape(a, transposeA);
  const [k2, n] = matrixShape(b, transposeB);
  const leading = a.shape.slice(0, -2);
  const sameLeading =
    leading.length === b.shape.length - 2 && leading.every((dim, axis) => dim === b.shape[axis]);
  if (k !== k2 || !sameLeading || a.dtype !== 'f32' || b.dtype !== 'f32') {
    const flags = `${transposeA ? ', A transposed' : ''}${transposeB ? ', B transposed' : ''}`;
    throw new TypeError(`cannot multiply ${describe(a)} with ${describe(b)}${flags}`);
  }
  return traceOne('matmul', { transposeA, transposeB, alpha }, [a, b], {
    dtype: 'f32',
    shape: [...leading, m, n],
  });
}

function matrixShape(value: Value, transposed: boolean): [Dim, Dim] {
  const rows = value.shape.at(-2);
  const columns = value.shape.at(-1);
  if (rows === undefined || columns === undefined) {
    throw new TypeError(`a matrix product needs two axes or more, got ${describe(value)}`);
  }
  return transposed ? [columns, rows] : [rows, columns];
}
