import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainBpe } from './bpe-trainer.ts';
import { StreamDecoder } from './stream-decoder.ts';
import { hostileText } from './testing/hostile-text.ts';
import { createTokenizer } from './tokenizer.ts';

const tokenizer = createTokenizer(trainBpe([], { vocabularySize: 257, specialTokens: ['<|endoftext|>'] }));

function decodeInSteps(ids: Iterable<number>, skipSpecialTokens = false): string[] {
  const decoder = new StreamDecoder(tokenizer, { skipSpecialTokens });
  return [...[...ids].map((id) => decoder.push(id)), decoder.end()];
}

describe('StreamDecoder', () => {
  it('gives in pieces what decode gives at once', () => {
    const anyIds = fc.array(fc.integer({ min: 0, max: 256 }));
    const textIds = hostileText().map((text) => [...tokenizer.encode(text)]);
    fc.assert(
      fc.property(fc.oneof(anyIds, textIds), fc.boolean(), (ids, skip) => {
        expect(decodeInSteps(ids, skip).join('')).toBe(tokenizer.decode(ids, { skipSpecialTokens: skip }));
      }),
    );
  });

  it('holds bytes back until they complete a character', () => {
    expect(decodeInSteps(tokenizer.encode('é!'))).toEqual(['', 'é', '!', '']);
  });

  it('ends a character that was cut off with a replacement character', () => {
    expect(decodeInSteps(tokenizer.encode('é').slice(0, 1))).toEqual(['', '\uFFFD']);
  });
});
