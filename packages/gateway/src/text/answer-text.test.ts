import { fileURLToPath } from 'node:url';
import { loadTokenizer } from '@connito/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerText } from './answer-text.ts';

const tokenizer = await loadTokenizer(
  fileURLToPath(new URL('../../../../models/foundation/tokenizer.json', import.meta.url)),
);

function pieces(text: string, stops: readonly string[]) {
  const answer = new AnswerText(tokenizer, stops);
  const sent: string[] = [];
  let tokens = 0;
  for (const token of tokenizer.encode(text)) {
    const piece = answer.push({ token, logprob: 0, top: [] });
    sent.push(piece.text);
    tokens += piece.tokens.length;
    if (answer.isStopped) break;
  }
  const last = answer.end();
  return {
    text: sent.join('') + last.text,
    sent,
    tokens: tokens + last.tokens.length,
    stopped: answer.isStopped,
  };
}

describe('the text of an answer', () => {
  test('ends before the first stop string, wherever tokens are cut', () => {
    const stop = fc.string({ minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.array(stop, { maxLength: 3 }),
        (text, stops) => {
          const first = Math.min(
            ...stops.map((each) => text.indexOf(each)).filter((at) => at >= 0),
            text.length,
          );
          const result = pieces(text, stops);
          expect(result.text).toBe(text.slice(0, first));
          expect(result.stopped).toBe(stops.some((each) => text.includes(each)));
        },
      ),
    );
  });

  test('is sent as soon as it cannot become a stop string any more', () => {
    const { sent, text } = pieces('one two\nthree', ['\n\n']);
    expect(text).toBe('one two\nthree');
    expect(sent.filter((piece) => piece !== '').length).toBeGreaterThan(1);
    expect(sent[0]).not.toBe('');
  });

  test('names each token once, and none of those in a stop string', () => {
    const whole = tokenizer.encode('one two three').length;
    expect(pieces('one two three', []).tokens).toBe(whole);
    const before = tokenizer.encode('one two').length;
    expect(pieces('one two END three', [' END']).tokens).toBe(before);
  });

  test('never shows half a character', () => {
    expect(pieces('naïve 🦉 owl', []).sent.join('')).toBe('naïve 🦉 owl');
    expect(pieces('🦉', []).sent.some((piece) => piece.includes('\ufffd'))).toBe(false);
  });
});
