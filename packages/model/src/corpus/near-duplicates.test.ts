import { describe, expect, it } from 'vitest';
import type { CorpusDocument } from './corpus.ts';
import { withoutDuplicates } from './duplicates.ts';
import { clusterBySimilarity, withoutOverlap, wordingOf } from './near-duplicates.ts';
import { SeededRandom } from './seeded-random.ts';

function words(seed: string, count: number): string {
  const random = SeededRandom.fromText(seed);
  return Array.from({ length: count }, () => `w${random.integer(0, 9999)}`).join(' ');
}

function documentOf(id: string, text: string, cluster = id): CorpusDocument {
  return { id, text, cluster };
}

const ids = (documents: readonly CorpusDocument[]): string[] => documents.map(({ id }) => id);

describe('withoutDuplicates', () => {
  it('ignores white space and letter case, and keeps the first', () => {
    const documents = [
      documentOf('1', 'One  Two\n'),
      documentOf('2', 'one two'),
      documentOf('3', 'one three'),
    ];
    expect(ids(withoutDuplicates(documents))).toEqual(['1', '3']);
  });
});

describe('clusterBySimilarity', () => {
  const original = words('original', 600);

  it('drops a copy with a few words changed', () => {
    const copy = `${original} and three more`;
    const documents = [documentOf('a', original), documentOf('b', copy), documentOf('c', words('c', 600))];
    expect(ids(clusterBySimilarity(documents))).toEqual(['a', 'c']);
  });

  it('joins texts that share much of the shorter one', () => {
    const borrower = `${words('new', 300)} ${original.slice(0, original.length * 0.7)}`;
    const documents = [
      documentOf('a', original),
      documentOf('b', borrower),
      documentOf('c', words('c', 600)),
    ];
    expect(clusterBySimilarity(documents).map(({ cluster }) => cluster)).toEqual(['a', 'a', 'c']);
  });

  it('joins over a common relative and over a common name', () => {
    const middle = `${words('left', 400)} ${words('right', 400)}`;
    const documents = [
      documentOf('a', words('left', 400)),
      documentOf('b', words('right', 400)),
      documentOf('c', middle),
      documentOf('d', words('d', 300), 'named'),
      documentOf('e', words('e', 300), 'named'),
    ];
    expect(clusterBySimilarity(documents).map(({ cluster }) => cluster)).toEqual([
      'a',
      'a',
      'a',
      'named',
      'named',
    ]);
  });
});

describe('withoutOverlap', () => {
  it('drops what is mostly inside another text', () => {
    const known = documentOf('known', words('known', 2000));
    const inside = documentOf('inside', known.text.slice(2000, 4000));
    const outside = documentOf('outside', `${words('outside', 300)} ${known.text.slice(0, 500)}`);
    expect(ids(withoutOverlap([inside, outside], wordingOf([known])))).toEqual(['outside']);
  });
});
