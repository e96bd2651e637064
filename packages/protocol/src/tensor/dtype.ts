import { z } from 'zod';

/**
 * Element types, by their safetensors names where those have one. `I8B64` is int8 in blocks of 64 values with one float32
 * scale each (codec int8). `TOPK` holds the largest values of each chunk (codec top-k).
 */
export const DTYPES = ['F32', 'F16', 'I8B64', 'TOPK'] as const;
export type Dtype = (typeof DTYPES)[number];
export const dtypeSchema = z.enum(DTYPES);

/** Bytes of a float32 tensor with `elements` values. */
export function float32Length(elements: number): number {
  return 4 * elements;
}
