import { type Dim, describe, type OpName, traceOne, type Value } from '../graph/value.ts';
import { tensor } from '../tensor.ts';

/** The common shape of two operands by NumPy's rule; throws a TypeError if there is none. */
export function broadcastShape(a: Value, b: Value): Dim[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a.shape[axis - rank + a.shape.length] ?? 1;
    const right = b.shape[axis - rank + b.shape.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new TypeError(`cannot broadcast ${describe(a)} with ${describe(b)}`);
    }
    shape.push(left === 1 ? right : left);
  }
  return shape;
}

type BinaryOp = Extract<OpName, 'add' | 'sub' | 'mul' | 'div'>;
type UnaryOp = Extract<OpName, 'exp' | 'sqrt' | 'sigmoid' | 'silu' | 'indicator'>;

function binary(op: BinaryOp, a: Value, b: Value): Value {
  if (a.dtype !== 'f32' || b.dtype !== 'f32') {
    throw new TypeError(`${op} needs f32 operands, got ${describe(a)} and ${describe(b)}`);
  }
  return traceOne(op, {}, [a, b], { dtype: 'f32', shape: broadcastShape(a, b) });
}

function unary(op: UnaryOp, x: Value): Value {
  if (x.dtype !== 'f32') throw new TypeError(`${op} needs an f32 operand, got ${describe(x)}`);
  return traceOne(op, {}, [x], { dtype: 'f32', shape: x.shape });
}

/** Elementwise, with broadcasting. */
export const add = (a: Value, b: Value): Value => binary('add', a, b);
export const sub = (a: Value, b: Value): Value => binary('sub', a, b);
export const mul = (a: Value, b: Value): Value => binary('mul', a, b);
export const div = (a: Value, b: Value): Value => binary('div', a, b);
export const exp = (x: Value): Value => unary('exp', x);
export const sqrt = (x: Value): Value => unary('sqrt', x);
export const sigmoid = (x: Value): Value => unary('sigmoid', x);
/** 1 where `x` is not zero, else 0; gradients do not pass. */
export const indicator = (x: Value): Value => unary('indicator', x);

/** An f32 scalar constant. */
export function scalar(value: number): Value {
  return traceOne('constant', { tensor: tensor(Float32Array.of(value), []) }, [], {
    dtype: 'f32',
    shape: [],
  });
}

/** Swish, `x · sigmoid(x)` (Ramachandran et al. 2017), the gate of SwiGLU. */
export const silu = (x: Value): Value => unary('silu', x);
