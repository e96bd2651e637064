import type { Tokenizer } from '@connito/model';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A token as OpenAI's API names it: its text or, where its bytes are only part of a character, `prefix` and the bytes, such as
 * `\xe2\x80`. Tokens of different bytes have different names.
 */
export function tokenText(tokenizer: Tokenizer, token: number, prefix = ''): string {
  const bytes = tokenizer.bytesOf(token);
  try {
    return decoder.decode(bytes);
  } catch {
    const named = [...bytes].map((byte) =>
      byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
    );
    return prefix + named.join('');
  }
}
