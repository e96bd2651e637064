import type { CorpusDocument, Sequences, Tokenizer } from '@connito/model';
import { expect, test } from 'vitest';
import { fewOfEachCluster, refinementTexts } from './refinement-texts.ts';

const TOKENS = 4;
/** A token for each character. */
const tokenizer = {
  encode: (text: string) => [...text].map((character) => character.codePointAt(0)!),
} as unknown as Tokenizer;
/** Documents of one character each, so that a sequence tells which one it is from. */
const documents = (letters: string, length = 6): CorpusDocument[] =>
  [...letters].map((letter) => ({ id: letter, text: letter.repeat(length), cluster: letter.toLowerCase() }));
const charactersOf = ({ data, tokens }: Sequences): string =>
  Array.from({ length: data.length / (tokens + 1) }, (_, row) =>
    String.fromCodePoint(data[row * (tokens + 1)]!),
  ).join('');
const textsOf = (adapt: readonly CorpusDocument[]) => {
  const parts = {
    pretrain: documents('p'),
    adapt,
    heldout: documents('aAbBbcCd'),
    reporting: documents('z'),
  };
  const { fit, choice } = refinementTexts(new Map([['code', { parts }]]), tokenizer, TOKENS);
  return { fit: charactersOf(fit.get('code')!), choice: charactersOf(choice.get('code')!) };
};

test('fits on training text and half of the held-out text, chooses on the other half, with clusters whole', () => {
  expect(textsOf(documents('qr', 18))).toEqual({ fit: 'qraAbBb', choice: 'cCd' });
});

test('long training text is cut into sections, and each gives its beginning', () => {
  const paragraphs = [...'klma'].map((letter) => letter.repeat(900)).join('\n\n');
  expect(textsOf([{ id: 'long', text: paragraphs, cluster: 'long' }]).fit).toBe('klmaaAbBb');
});

test('a cluster gives eight documents, from all over it', () => {
  const book = Array.from({ length: 80 }, (_, i) => ({
    id: `${i}`,
    text: String.fromCodePoint(0x100 + i).repeat(6),
    cluster: 'book',
  }));
  const numbers = fewOfEachCluster(book).map(({ id }) => Number(id));
  expect(numbers).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
});
