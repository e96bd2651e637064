import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CORPUS_PARTS, type Corpus, type CorpusDocument } from './corpus.ts';
import { splitDocuments } from './split-documents.ts';

function corpusOf(documents: readonly CorpusDocument[]): Corpus {
  return { domain: 'code', licence: 'MIT', provenance: 'test', documents };
}

const documents = fc
  .array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 400 })), { minLength: 1, maxLength: 200 })
  .map((entries) =>
    entries.map(([cluster, length], index) => ({
      id: `d${index}`,
      text: 'x'.repeat(length),
      cluster: `c${cluster}`,
    })),
  );

describe('splitDocuments', () => {
  it('puts every document into exactly one part and every cluster into one', () => {
    fc.assert(
      fc.property(documents, (input) => {
        const parts = splitDocuments(corpusOf(input));
        const placed = CORPUS_PARTS.flatMap((part) => parts[part].map((document) => ({ part, document })));
        expect(placed.map(({ document }) => document.id).sort()).toEqual(input.map(({ id }) => id).sort());
        const partOfCluster = new Map<string, string>();
        for (const { part, document } of placed) {
          expect(partOfCluster.get(document.cluster) ?? part).toBe(part);
          partOfCluster.set(document.cluster, part);
        }
      }),
    );
  });

  it('does not depend on the order of the clusters', () => {
    const input = Array.from({ length: 200 }, (_, index) => ({
      id: `d${index}`,
      text: 'x'.repeat(100 + index),
      cluster: `d${index}`,
    }));
    const names = (parts: ReturnType<typeof splitDocuments>): string[][] =>
      CORPUS_PARTS.map((part) => parts[part].map(({ id }) => id));
    expect(names(splitDocuments(corpusOf([...input].reverse())))).toEqual(
      names(splitDocuments(corpusOf(input))),
    );
  });

  it('comes close to the intended shares', () => {
    const input = Array.from({ length: 400 }, (_, index) => ({
      id: `d${index}`,
      text: 'x'.repeat(100 + ((index * 37) % 200)),
      cluster: `d${index}`,
    }));
    const parts = splitDocuments(corpusOf(input));
    const chars = CORPUS_PARTS.map((part) => parts[part].reduce((sum, { text }) => sum + text.length, 0));
    const total = chars.reduce((left, right) => left + right, 0);
    for (const [index, share] of [0.55, 0.3, 0.1, 0.05].entries()) {
      expect(chars[index]! / total).toBeCloseTo(share, 1.7);
    }
  });

  it('never lets one large cluster decide what is learnt or measured', () => {
    const large = { id: 'large', text: 'x'.repeat(5000), cluster: 'large' };
    const small = Array.from({ length: 100 }, (_, index) => ({
      id: `d${index}`,
      text: 'x'.repeat(100),
      cluster: `d${index}`,
    }));
    expect(splitDocuments(corpusOf([...small, large])).pretrain.map(({ id }) => id)).toContain('large');
  });
});
