import type { Dtype } from '../tensor/dtype.ts';

/**
 * How the values of a tensor become bytes, one chunk of consecutive values after the other. Encoding is exactly
 * reproducible, and the encoded length is a function of the number of values alone, so that every bound is known before
 * anything is allocated. A codec keeps nothing from one chunk to the next.
 */
export interface ValueCodec {
  readonly dtype: Dtype;
  /** Values in a chunk. Only the last chunk of a tensor may have fewer. */
  readonly chunk: number;
  /** Encoded length of a chunk of `values` values, of which there is at least one. */
  chunkBytes(values: number): number;
  /**
   * Encodes one chunk into exactly `chunkBytes(values.length)` bytes, whatever they held before. Values are finite; those
   * beyond the codec's range are clamped to it, never made infinite.
   */
  write(values: Float32Array, bytes: Uint8Array): void;
  /**
   * Decodes one chunk, filling `values`. Returns null, or what is wrong with bytes that `write` cannot have produced; the
   * values are meaningless then. Whether decoded values are finite is for the caller to check.
   */
  read(bytes: Uint8Array, values: Float32Array): string | null;
}

/** Encoded length of a tensor. */
export function encodedBytes(codec: ValueCodec, elements: number): number {
  const rest = elements % codec.chunk;
  const whole = (elements - rest) / codec.chunk;
  return whole * codec.chunkBytes(codec.chunk) + (rest === 0 ? 0 : codec.chunkBytes(rest));
}
