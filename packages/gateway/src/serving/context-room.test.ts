import { fileURLToPath } from 'node:url';
import { loadTokenizer, type Tokenizer } from '@connito/model';
import { expect, test } from 'vitest';
import { encodePrompt } from './context-room.ts';

const MODEL = fileURLToPath(new URL('../../../../models/foundation', import.meta.url));
const tokenizer = await loadTokenizer(`${MODEL}/tokenizer.json`);

test('a prompt of megabytes is refused without being encoded', () => {
  const encoded: number[] = [];
  const watched: Tokenizer = Object.assign(Object.create(tokenizer), {
    longestText: (tokens: number) => tokenizer.longestText(tokens),
    encode: (text: string) => {
      encoded.push(text.length);
      return tokenizer.encode(text);
    },
  });
  const engine = { tokenizer: watched, contextSize: 512 };
  for (const text of [' '.repeat(4 << 20), 'a'.repeat(20_000)]) {
    expect(() => encodePrompt(text, engine, 'prompt')).toThrow(
      expect.objectContaining({ status: 400, code: 'context_length_exceeded', param: 'prompt' }),
    );
  }
  expect(encoded).toEqual([]);
});

test('the longest text that fits is encoded', () => {
  const tokens = Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.bytesOf(id));
  const longest = tokens.reduce((one, other) => (other.length > one.length ? other : one));
  const text = new TextDecoder().decode(longest).repeat(10);
  expect(text.length).toBe(tokenizer.longestText(10));
  expect(encodePrompt(text, { tokenizer, contextSize: 10 }, 'prompt')).toHaveLength(
    tokenizer.encode(text).length,
  );
});
