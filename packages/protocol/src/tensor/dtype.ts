import { z } from 'zod';

/** Element types by their safetensors names. `I8B64` is int8 in blocks of 64 with one float32 scale each (codec int8). */
export const DTYPES = ['F32', 'F16', 'I8B64'] as const;
export type Dtype = (typeof DTYPES)[number];
export const dtypeSchema = z.enum(DTYPES);

/** Values that share one scale in `I8B64`. */
export const INT8_BLOCK = 64;

/** Bytes of a tensor with `elements` values. */
export function tensorBytes(dtype: Dtype, elements: number): number {
  switch (dtype) {
    case 'F32':
      return 4 * elements;
    case 'F16':
      return 2 * elements;
    case 'I8B64':
      return elements + 4 * Math.ceil(elements / INT8_BLOCK);
  }
}
