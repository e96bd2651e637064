/** Upper 16 bits of single precision, rounded to nearest, ties to even. NaN stays NaN. */
export function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i]!;
    const notANumber = (word & 0x7fffffff) > 0x7f800000;
    result[i] = notANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return result;
}

/** Exact. */
export function fromBfloat16(values: Uint16Array): Float32Array {
  const result = new Float32Array(values.length);
  const bits = new Uint32Array(result.buffer);
  for (let i = 0; i < values.length; i++) bits[i] = values[i]! << 16;
  return result;
}
