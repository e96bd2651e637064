const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/** The bits of 2^-126, the smallest bfloat16 that is not subnormal. */
export const MIN_BFLOAT16_BITS = 0x0080;
/** The bits of the largest finite bfloat16. */
export const MAX_BFLOAT16_BITS = 0x7f7f;

/**
 * The upper half of a positive number's float32 bits, rounded to nearest, ties to even. Numbers beyond the range are
 * clamped to it.
 */
export function bfloat16Bits(value: number): number {
  floatView[0] = value;
  const bits = bitsView[0]!;
  const rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  return Math.min(MAX_BFLOAT16_BITS, rounded);
}

/** The value of bfloat16 bits, exactly. */
export function bfloat16Value(bits: number): number {
  bitsView[0] = bits << 16;
  return floatView[0]!;
}
