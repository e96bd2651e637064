import { type Dim, traceOne, type Value } from '../graph/value.ts';
import type { DType, Tensor } from '../tensor.ts';

/** A value that is fed under `name` at run time. */
export function input(name: string, dtype: DType, shape: readonly Dim[]): Value {
  return traceOne('input', { name }, [], { dtype, shape });
}

/** A tensor stored in the graph itself. */
export function constant(value: Tensor): Value {
  return traceOne('constant', { tensor: value }, [], { dtype: value.dtype, shape: value.shape });
}

/** f32 zeros that take no space in the stored graph. */
export function zeros(shape: readonly number[]): Value {
  return traceOne('zeros', { shape }, [], { dtype: 'f32', shape });
}
