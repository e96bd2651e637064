// Strings of bits in bytes: bit i is bit i mod 8 of byte ⌊i / 8⌋, and a number's lowest bit comes first.

/** Sets bits `[at, at + count)`, which are 0, to the lowest `count` bits of `value`; `count` is at most 16. */
export function putBits(bytes: Uint8Array, at: number, count: number, value: number): void {
  let rest = value << (at & 7);
  for (let byte = at >> 3; rest !== 0; byte++) {
    bytes[byte] = bytes[byte]! | (rest & 0xff);
    rest >>>= 8;
  }
  // `count` is there for symmetry with `getBits`; a value with more bits is the caller's fault.
  if (value >>> count !== 0) throw new RangeError(`${value} does not fit ${count} bits`);
}

/** Bits `[at, at + count)` as a number; `count` is at most 16. */
export function getBits(bytes: Uint8Array, at: number, count: number): number {
  const byte = at >> 3;
  const word = bytes[byte]! | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
  return (word >>> (at & 7)) & ((1 << count) - 1);
}

/** Whether all bits from `at` to the end of the bytes are 0. */
export function isZeroFrom(bytes: Uint8Array, at: number): boolean {
  const whole = (at + 7) >> 3;
  if ((at & 7) !== 0 && bytes[at >> 3]! >> (at & 7) !== 0) return false;
  for (let byte = whole; byte < bytes.length; byte++) if (bytes[byte] !== 0) return false;
  return true;
}
