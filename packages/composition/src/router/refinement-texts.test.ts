import type { CorpusDocument, Sequences, Tokenizer } from '@connito/model';
import { expect, test } from 'vitest';
import { refinementTexts } from './refinement-texts.ts';

const TOKENS = 4;
/** A token for each character. */
const tokenizer = {
  encode: (text: string) => [...text].map((character) => character.codePointAt(0)!),
} as unknown as Tokenizer;
/** Documents of one character each, so that a sequence tells which one it is from. */
const documents = (letters: string, length = 6): CorpusDocument[] =>
  [...letters].map((letter) => ({ id: letter, text: letter.repeat(length), cluster: letter.toLowerCase() }));
const lettersOf = ({ data, tokens }: Sequences): string =>
  Array.from({ length: data.length / (tokens + 1) }, (_, row) =>
    String.fromCodePoint(data[row * (tokens + 1)]!),
  ).join('');

test('fits on training text and half of the held-out text, chooses on the other half, with clusters whole', () => {
  const parts = {
    pretrain: documents('p'),
    adapt: documents('qr', 18),
    heldout: documents('aAbBbcCd'),
    reporting: documents('z'),
  };
  const { fit, choice } = refinementTexts(new Map([['code', { parts }]]), tokenizer, TOKENS);
  expect(lettersOf(fit.get('code')!)).toBe('qqqqrrrraAbBb');
  expect(lettersOf(choice.get('code')!)).toBe('cCd');
});
