/** `BYTE_TO_CHAR[byte]`: the printable character that stands for a byte in a byte-level vocabulary (GPT-2's table). */
export const BYTE_TO_CHAR: readonly string[] = buildByteToChar();

const CHAR_TO_BYTE: ReadonlyMap<string, number> = new Map(BYTE_TO_CHAR.map((char, byte) => [char, byte]));

/** The bytes a vocabulary entry stands for, or null if it holds a character outside the byte alphabet. */
export function tokenToBytes(token: string): Uint8Array | null {
  const bytes = new Uint8Array(token.length);
  for (let index = 0; index < token.length; index++) {
    const byte = CHAR_TO_BYTE.get(token[index]!);
    if (byte === undefined) return null;
    bytes[index] = byte;
  }
  return bytes;
}

/** The vocabulary form of bytes: one character of the byte alphabet for each. */
export function bytesToToken(bytes: Uint8Array): string {
  let token = '';
  for (const byte of bytes) token += BYTE_TO_CHAR[byte];
  return token;
}

function buildByteToChar(): string[] {
  const table: string[] = [];
  let substitutes = 0;
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    // Bytes without a visible Latin-1 character take the next one from U+0100 on.
    table.push(String.fromCharCode(printable ? byte : 256 + substitutes++));
  }
  return table;
}
