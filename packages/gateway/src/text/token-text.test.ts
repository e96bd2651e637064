import { fileURLToPath } from 'node:url';
import { loadTokenizer } from '@connito/model';
import { expect, test } from 'vitest';
import { completionLogprobs } from '../openai/responses.ts';
import { AnswerText } from './answer-text.ts';
import { tokenText } from './token-text.ts';

const tokenizer = await loadTokenizer(
  fileURLToPath(new URL('../../../../models/foundation/tokenizer.json', import.meta.url)),
);

test('tokens of different bytes have different names', () => {
  const ids = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id);
  const bytes = new Set(ids.map((id) => Buffer.from(tokenizer.bytesOf(id)).toString('hex')));
  for (const prefix of ['', 'bytes:'])
    expect(new Set(ids.map((id) => tokenText(tokenizer, id, prefix))).size).toBe(bytes.size);
});

test('half a character is named by its bytes, and begins where the character does', () => {
  const text = 'a😀é b';
  const answer = new AnswerText(tokenizer, []);
  const tokens = [...tokenizer.encode(text)].flatMap((token) => {
    return answer.push({ token, logprob: -1, top: [{ token, logprob: -1 }] }).tokens;
  });
  const { tokens: names, text_offset: offsets, top_logprobs: top } = completionLogprobs(tokenizer, tokens, 1);
  const emoji = names.filter((name) => name.startsWith('bytes:'));
  expect(emoji[0]).toMatch(/^bytes:\\xf0/);
  expect(offsets[0]).toBe(0);
  expect(names.flatMap((name, i) => (name.startsWith('bytes:\\xf0') ? [offsets[i]] : []))).toEqual([1]);
  // One character for the emoji, one for the accent.
  expect(offsets[names.indexOf(' b')]).toBe(3);
  expect(top!.map((each) => Object.keys(each)[0])).toEqual(names);
});
