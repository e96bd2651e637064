import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainBpe } from './bpe-trainer.ts';
import { compileSplitPattern, DEFAULT_SPLIT_PATTERN, GPT2_SPLIT_PATTERN, splitAll } from './split-pattern.ts';
import { hostileText } from './testing/hostile-text.ts';
import { createReferenceTokenizer } from './testing/reference-tokenizer.ts';

/** As published with the models. */
const PATTERNS = {
  ours: DEFAULT_SPLIT_PATTERN,
  gpt2: GPT2_SPLIT_PATTERN,
  qwen: "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  llama3:
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  deepseekLines: '[\\r\\n]',
  deepseekPunctuation: '\\s?[!-/:-~！-／：-～‘-‟　-。]+',
  deepseekTrailingSpace: '\\s+$',
  deepseekHan: '[一-龥ࠀ-一가-퟿]+',
};

describe('compileSplitPattern', () => {
  it.each(Object.entries(PATTERNS))('%s cuts like the reference library', (_, pattern) => {
    const reference = createReferenceTokenizer({
      ...trainBpe([], { vocabularySize: 256, specialTokens: [] }),
      pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
    });
    const compiled = compileSplitPattern(pattern);
    fc.assert(
      fc.property(hostileText(), (text) => {
        expect([...splitAll(text, compiled)]).toEqual(reference.pre_tokenizer.pre_tokenize_text(text));
      }),
      { numRuns: 300 },
    );
  });

  it('loses no text', () => {
    const compiled = compileSplitPattern(DEFAULT_SPLIT_PATTERN);
    fc.assert(
      fc.property(hostileText(), (text) => {
        expect([...splitAll(text, compiled)].join('')).toBe(text);
      }),
    );
  });

  it.each([
    ['\\p{L}++', 'possessive ++'],
    ['a?+', 'possessive ?+'],
    ['(?>a)', '(?>'],
    ['\\w+', '\\w'],
    ['\\bx', '\\b'],
    ['[[:alpha:]]', 'nested class'],
    ['[a&&b]', '&&'],
    ['.', '.'],
    ['a)', 'unbalanced )'],
  ])('names the construct it does not translate in %s', (pattern, construct) => {
    expect(() => compileSplitPattern(pattern)).toThrow(
      expect.objectContaining({
        code: 'tokenizer_unsupported',
        details: expect.objectContaining({ construct }),
      }),
    );
  });

  it('rejects what is no regular expression', () => {
    expect(() => compileSplitPattern('(a')).toThrow(expect.objectContaining({ code: 'tokenizer_malformed' }));
  });
});
