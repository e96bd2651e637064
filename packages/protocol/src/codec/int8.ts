import type { ValueCodec } from './value-codec.ts';

/** Values that share one scale. */
const BLOCK = 64;
const SCALE_BYTES = 4;
/** −128 is never written: codes are symmetric about zero. */
const MAX_CODE = 127;
/** The smallest float32 that is not subnormal; smaller scales could not be divided by with full precision. */
const MIN_SCALE = 2 ** -126;

/**
 * Absmax quantisation: each run of 64 values of a tensor shares a float32 scale, and a value is `scale × code` with an int8
 * code. A block is its scale, little-endian, and then its codes. The error of a value is at most half its block's scale,
 * which is 1/254 of the block's largest magnitude.
 */
export const int8: ValueCodec = {
  dtype: 'I8B64',
  // Many blocks, so that handling a chunk costs little beside coding it.
  chunk: 64 * BLOCK,
  chunkBytes: (values) => values + SCALE_BYTES * Math.ceil(values / BLOCK),
  write(values, bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    bytes.fill(0);
    let at = 0;
    for (let start = 0; start < values.length; start += BLOCK) {
      const end = Math.min(start + BLOCK, values.length);
      let largest = 0;
      for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!));
      const scale = Math.fround(largest / MAX_CODE);
      if (scale >= MIN_SCALE) {
        view.setFloat32(at, scale, true);
        for (let i = start; i < end; i++) {
          const code = Math.round(values[i]! / scale);
          bytes[at + SCALE_BYTES + i - start] = Math.min(MAX_CODE, Math.max(-MAX_CODE, code)) & 0xff;
        }
      }
      at += SCALE_BYTES + end - start;
    }
  },
  read(bytes, values) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (let start = 0; start < values.length; start += BLOCK) {
      const end = Math.min(start + BLOCK, values.length);
      const scale = view.getFloat32(at, true);
      if (Object.is(scale, -0) || !(scale === 0 || scale >= MIN_SCALE)) return `the scale ${scale}`;
      at += SCALE_BYTES;
      let largest = 0;
      for (let i = start; i < end; i++) {
        const code = (bytes[at++]! << 24) >> 24;
        largest = Math.max(largest, Math.abs(code));
        values[i] = scale * code;
      }
      // The scale is that of the block's largest value, so −128 and scales that are too large give themselves away.
      if (largest !== (scale === 0 ? 0 : MAX_CODE)) return `${largest} as the largest code of scale ${scale}`;
    }
    return null;
  },
};
