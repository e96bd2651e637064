import { protocolError } from '../errors.ts';

const HEX_DIGITS = '0123456789abcdef';
const encoder = new TextEncoder();

/** UTF-8 bytes of a string. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Lower-case hexadecimal digits of bytes. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX_DIGITS.charAt(byte >> 4) + HEX_DIGITS.charAt(byte & 15);
  return text;
}

/** Bytes of a string of lower-case hexadecimal digits. Fails with `invalid_hex`; `length` is the expected byte count. */
export function fromHex(text: string, length?: number): Uint8Array {
  const wellFormed = text.length % 2 === 0 && /^[0-9a-f]*$/.test(text);
  if (!wellFormed || (length !== undefined && text.length !== 2 * length)) {
    const expected = length === undefined ? 'an even number of' : `${2 * length}`;
    throw protocolError(
      'invalid_hex',
      `Expected ${expected} lower-case hex digits, got ${text.length} characters.`,
      {
        characters: text.length,
      },
    );
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (HEX_DIGITS.indexOf(text.charAt(2 * i)) << 4) | HEX_DIGITS.indexOf(text.charAt(2 * i + 1));
  }
  return bytes;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** A number of at most 32 bits as four little-endian bytes. */
export function uint32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** A safe non-negative integer as eight little-endian bytes. */
export function uint64Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
