import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainBpe } from './bpe-trainer.ts';
import { compileSplitPattern, DEFAULT_SPLIT_PATTERN, splitAll } from './split-pattern.ts';
import { createTokenizer } from './tokenizer.ts';

/** The definition, without any of the trainer's bookkeeping: count all pairs again before every merge. */
function trainSlowly(text: string, mergeCount: number): string[][] {
  const ids = trainBpe([], { vocabularySize: 256, specialTokens: [] }).model.vocab;
  const tokenizer = createTokenizer(trainBpe([], { vocabularySize: 256, specialTokens: [] }));
  const names = Object.entries(ids)
    .sort((left, right) => left[1] - right[1])
    .map(([name]) => name);
  const words = [...splitAll(text, compileSplitPattern(DEFAULT_SPLIT_PATTERN))].map((word) => [
    ...tokenizer.encode(word),
  ]);
  const merges: string[][] = [];
  while (merges.length < mergeCount) {
    const counts = new Map<string, { left: number; right: number; count: number }>();
    for (const word of words) {
      for (let at = 0; at + 1 < word.length; at++) {
        const [left, right] = [word[at]!, word[at + 1]!];
        const entry = counts.get(`${left},${right}`) ?? { left, right, count: 0 };
        entry.count += 1;
        counts.set(`${left},${right}`, entry);
      }
    }
    const [best] = [...counts.values()].sort(
      (a, b) => b.count - a.count || a.left - b.left || a.right - b.right,
    );
    if (best === undefined || best.count < 2) break;
    const { left, right } = best;
    for (const word of words) {
      for (let at = 0; at + 1 < word.length; at++) {
        if (word[at] === left && word[at + 1] === right) word.splice(at, 2, names.length);
      }
    }
    merges.push([names[left]!, names[right]!]);
    names.push(names[left]! + names[right]!);
  }
  return merges;
}

describe('trainBpe', () => {
  it('merges what counting every pair anew would merge', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'ab', 'ba', 'aa', ' ', '\n', 'é'), { maxLength: 80 });
    fc.assert(
      fc.property(text, (pieces) => {
        const joined = pieces.join('');
        const trained = trainBpe([joined], { vocabularySize: 256 + 12, specialTokens: [] });
        expect(trained.model.merges).toEqual(trainSlowly(joined, 12));
      }),
      { numRuns: 150 },
    );
  });

  it('breaks ties by the smaller left, then the smaller right id', () => {
    const { model } = trainBpe(['ce', 'cd', 'ab', 'ce', 'cd', 'ab'], {
      vocabularySize: 259,
      specialTokens: [],
    });
    // Every pair occurs twice.
    expect(model.merges.slice(0, 3)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'e'],
    ]);
  });

  it('gives special tokens the first ids and the bytes the next', () => {
    const { model, added_tokens } = trainBpe(['aaaa'], {
      vocabularySize: 259,
      specialTokens: ['<|endoftext|>', '<|pad|>'],
    });
    expect(model.vocab['<|endoftext|>']).toBe(0);
    expect(model.vocab['!']).toBe(2);
    expect(model.vocab.aa).toBe(258);
    expect(added_tokens.map(({ id, special }) => [id, special])).toEqual([
      [0, true],
      [1, true],
    ]);
  });

  it('stops when no pair is frequent enough', () => {
    const { model } = trainBpe(['one two'], { vocabularySize: 300, specialTokens: [] });
    expect(model.merges).toEqual([]);
  });

  it.each([255, 65_537])('rejects a vocabulary of %i', (vocabularySize) => {
    expect(() => trainBpe([], { vocabularySize, specialTokens: [] })).toThrow(/outside 256 to 65536/);
  });
});
