import type { ValueCodec } from './value-codec.ts';

/** The largest finite half. */
const MAX_HALF = 65_504;
const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/**
 * IEEE 754 binary16 bits of a float32, rounded to nearest, ties to even. Integer arithmetic throughout, so every
 * platform gives the same bits. Values beyond the range, infinities included, are clamped to ±65504; NaN gives 0x7e00.
 */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  floatView[0] = Math.min(MAX_HALF, Math.max(-MAX_HALF, value));
  const bits = bitsView[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127;
  const mantissa = bits & 0x7f_ffff;
  if (exponent < -25) return sign;
  // Subnormal halves have fewer mantissa bits; the leading one is explicit in them.
  const subnormal = exponent < -14;
  const significand = subnormal ? mantissa | 0x80_0000 : mantissa;
  const shift = subnormal ? -1 - exponent : 13;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const roundsUp = rest > half || (rest === half && (kept & 1) === 1);
  const magnitude = (subnormal ? 0 : (exponent + 15) << 10) + kept + (roundsUp ? 1 : 0);
  return sign | magnitude;
}

/** The value of binary16 bits, exactly. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

let values: Float32Array | null = null;

/** All 65,536 halves, made on first use. */
function halfTable(): Float32Array {
  values ??= Float32Array.from({ length: 65_536 }, (_, bits) => halfValue(bits));
  return values;
}

/** Never written: a delta of −0 is 0. */
const NEGATIVE_ZERO = 0x8000;

/** Half precision, little-endian: two bytes a value, relative error at most 2^-11 above 2^-14. */
export const fp16: ValueCodec = {
  dtype: 'F16',
  // Of no consequence for the format.
  chunk: 4096,
  chunkBytes: (values) => 2 * values,
  write(values, bytes) {
    let at = 0;
    for (const value of values) {
      const bits = halfBits(value);
      const written = bits === NEGATIVE_ZERO ? 0 : bits;
      bytes[at++] = written & 0xff;
      bytes[at++] = written >>> 8;
    }
  },
  read(bytes, values) {
    const table = halfTable();
    let at = 0;
    for (let i = 0; i < values.length; i++) {
      const bits = bytes[at++]! | (bytes[at++]! << 8);
      if (bits === NEGATIVE_ZERO) return 'a negative zero';
      values[i] = table[bits]!;
    }
    return null;
  },
};
