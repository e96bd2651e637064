import { INT8_BLOCK, tensorBytes } from '../tensor/dtype.ts';
import { readFloat32, writeFloat32 } from '../tensor/tensor.ts';
import type { ValueCodec } from './delta-codec.ts';

/** −128 is never written: codes are symmetric about zero. */
const MAX_CODE = 127;
/** The smallest float32 that is not subnormal; smaller scales could not be divided by with full precision. */
const MIN_SCALE = 2 ** -126;

/**
 * Absmax quantisation: each run of 64 values shares a float32 scale, and a value is `scale × code` with an int8 code.
 * Layout: all scales, then all codes. The error of a value is at most half its block's scale, which is 1/254 of the
 * block's largest magnitude.
 */
export const int8: ValueCodec = {
  dtype: 'I8B64',
  encodedBytes: (elements) => tensorBytes('I8B64', elements),
  write(data, bytes, offset) {
    const scales = new Float32Array(Math.ceil(data.length / INT8_BLOCK));
    const codesAt = offset + 4 * scales.length;
    for (let block = 0; block < scales.length; block++) {
      const start = block * INT8_BLOCK;
      const end = Math.min(start + INT8_BLOCK, data.length);
      let largest = 0;
      for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(data[i]!));
      const scale = Math.fround(largest / MAX_CODE);
      if (scale < MIN_SCALE) continue;
      scales[block] = scale;
      for (let i = start; i < end; i++) {
        const code = Math.round(data[i]! / scale);
        bytes[codesAt + i] = Math.min(MAX_CODE, Math.max(-MAX_CODE, code)) & 0xff;
      }
    }
    writeFloat32(bytes, offset, scales);
  },
  read(bytes, offset, elements) {
    const scales = readFloat32(bytes, offset, Math.ceil(elements / INT8_BLOCK));
    const codesAt = offset + 4 * scales.length;
    for (const scale of scales) {
      if (Object.is(scale, -0) || !(scale === 0 || scale >= MIN_SCALE)) return null;
    }
    const data = new Float32Array(elements);
    for (let i = 0; i < elements; i++) {
      const code = (bytes[codesAt + i]! << 24) >> 24;
      const scale = scales[Math.floor(i / INT8_BLOCK)]!;
      if (code === -128 || (scale === 0 && code !== 0)) return null;
      data[i] = scale * code;
    }
    return data;
  },
};
