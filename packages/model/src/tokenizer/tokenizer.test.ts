import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainBpe } from './bpe-trainer.ts';
import { GPT2_SPLIT_PATTERN } from './split-pattern.ts';
import { hostileText } from './testing/hostile-text.ts';
import { createReferenceTokenizer } from './testing/reference-tokenizer.ts';
import { createTokenizer } from './tokenizer.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

const SAMPLE = `Fellow citizens, we don't think that 1234 laws and 56.78% of codes are enough.
export function mergePairs(left, right) { return left + right; }\r\n\r\n\tif (a >= b) throw new Error('no');
Überall sind Größen: naïve café, 東京都, Привет мир, 👩‍👩‍👧 and 🇩🇪.   Trailing   spaces   \n\n\n
Permission is hereby granted, free of charge, to any person obtaining a copy of this software. `;

const TRAINED = trainBpe([SAMPLE.repeat(3), SAMPLE.toUpperCase()], {
  vocabularySize: 700,
  specialTokens: ['<|endoftext|>', '<|end|>', '<|end|><|of|>'],
});

function referenceOf(json: TokenizerJson): (text: string) => number[] {
  const reference = createReferenceTokenizer(json);
  return (text) => (text === '' ? [] : reference.encode(text, { add_special_tokens: false }).ids);
}

/** A copy with other top-level or model fields. */
function variant(
  changes: Partial<TokenizerJson>,
  model: Partial<TokenizerJson['model']> = {},
): TokenizerJson {
  return { ...TRAINED, ...changes, model: { ...TRAINED.model, ...model } };
}

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };

describe('encode', () => {
  const variants = {
    'our own tokenizer.json': TRAINED,
    'GPT-2 style ByteLevel': variant({ pre_tokenizer: { ...byteLevel, use_regex: true } }),
    'two splits in sequence': variant({
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: '[\\r\\n]' }, behavior: 'Isolated', invert: false },
          { type: 'Split', pattern: { Regex: GPT2_SPLIT_PATTERN }, behavior: 'Isolated', invert: false },
          { ...byteLevel, use_regex: false },
        ],
      },
    }),
    'no split at all': variant({ pre_tokenizer: { ...byteLevel, use_regex: false } }),
    'NFC with a normalised added token': variant({
      normalizer: { type: 'NFC' },
      added_tokens: [
        ...TRAINED.added_tokens,
        {
          id: 700,
          // Not of one character: the reference library takes those for bytes.
          content: '→é',
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: true,
          special: false,
        },
      ],
    }),
    'merges as strings': variant(
      {},
      {
        merges: TRAINED.model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
      },
    ),
    'whole tokens before merges': variant({}, { ignore_merges: true }),
  };

  it.each(Object.entries(variants))('equals the reference library: %s', (name, json) => {
    const tokenizer = createTokenizer(JSON.stringify(json));
    const reference = referenceOf(json);
    expect([...tokenizer.encode(SAMPLE)]).toEqual(reference(SAMPLE));
    // Where ByteLevel splits, the library takes ECMAScript's white space; the original, like ours, Unicode's.
    const differs = name.startsWith('GPT-2') ? /[\u0085\uFEFF]/g : /(?!)/g;
    fc.assert(
      fc.property(hostileText(), (hostile) => {
        const text = hostile.replaceAll(differs, '');
        expect([...tokenizer.encode(text)]).toEqual(reference(text));
      }),
      { numRuns: 250 },
    );
  });

  it('gives the same ids from a cold and a warm cache', () => {
    const tokenizer = createTokenizer(TRAINED);
    const cold = tokenizer.encode(SAMPLE);
    expect(tokenizer.encode(SAMPLE)).toEqual(cold);
    expect(createTokenizer(TRAINED).encode(SAMPLE)).toEqual(cold);
  });

  it('takes the longest of the added tokens that start at one place', () => {
    const tokenizer = createTokenizer(TRAINED);
    expect([...tokenizer.encode('<|end|><|of|><|end|>')]).toEqual([2, 1]);
  });

  it('adds the special tokens of a template only when asked', () => {
    const tokenizer = createTokenizer(
      variant({
        post_processor: {
          type: 'TemplateProcessing',
          single: [
            { SpecialToken: { id: '<|endoftext|>', type_id: 0 } },
            { Sequence: { id: 'A', type_id: 0 } },
            { SpecialToken: { id: '<|end|>', type_id: 0 } },
          ],
          pair: [],
          special_tokens: {
            '<|endoftext|>': { id: '<|endoftext|>', ids: [0], tokens: ['<|endoftext|>'] },
            '<|end|>': { id: '<|end|>', ids: [1], tokens: ['<|end|>'] },
          },
        },
      }),
    );
    const plain = tokenizer.encode('we');
    expect([...tokenizer.encode('we', { addSpecialTokens: true })]).toEqual([0, ...plain, 1]);
  });

  it.each([
    ['letters', 'ation'],
    ['spaces', ' '],
    ['line ends and tabs', ' \t\r\n'],
    ['punctuation', '-='],
    ['apostrophes', "'"],
    ['digits', '7'],
    ['marks without a base', '\u0301'],
    ['beginnings of an added token', '<|endoftex'],
  ])('stays fast on a hundred thousand %s', (_, unit) => {
    const tokenizer = createTokenizer(TRAINED);
    const text = `${unit.repeat(100_000 / unit.length)}x`;
    const before = performance.now();
    const ids = tokenizer.encode(text);
    // Quadratic splitting or merging needs minutes here.
    expect(performance.now() - before).toBeLessThan(3000);
    expect(tokenizer.decode(ids)).toBe(text);
  });
});

describe('decode', () => {
  const tokenizer = createTokenizer(TRAINED);

  it('gives back any well-formed text', () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text.toWellFormed());
      }),
    );
  });

  it('equals the reference library on arbitrary ids', () => {
    const reference = createReferenceTokenizer(TRAINED);
    const ids = fc.array(fc.integer({ min: 0, max: tokenizer.vocabularySize - 1 }), { minLength: 1 });
    fc.assert(
      fc.property(ids, fc.boolean(), (tokens, skip) => {
        expect(tokenizer.decode(tokens, { skipSpecialTokens: skip })).toBe(
          reference.decode(tokens, { skip_special_tokens: skip }),
        );
      }),
      { numRuns: 300 },
    );
  });

  it.each([-1, 0.5, 703, Number.NaN])('rejects id %d', (id) => {
    expect(() => tokenizer.decode([id])).toThrow(expect.objectContaining({ code: 'token_out_of_range' }));
  });
});

describe('createTokenizer', () => {
  const split = { type: 'Split', pattern: { Regex: 'a' }, behavior: 'Isolated', invert: false };
  const wrongSplit = (changes: object): TokenizerJson['pre_tokenizer'] => ({
    type: 'Sequence',
    pretokenizers: [
      { ...split, ...changes },
      { ...byteLevel, use_regex: false },
    ],
  });
  const added = (changes: object): TokenizerJson['added_tokens'] => [
    { ...TRAINED.added_tokens[0]!, ...changes },
  ];

  it.each<[string, TokenizerJson, string]>([
    ['a normaliser', variant({ normalizer: { type: 'Lowercase' } }), 'normalizer.Lowercase'],
    ['no pre-tokenizer', variant({ pre_tokenizer: null }), 'pre_tokenizer null'],
    ['Metaspace', variant({ pre_tokenizer: { type: 'Metaspace' } }), 'pre_tokenizer Metaspace'],
    [
      'a prefix space',
      variant({ pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } }),
      'pre_tokenizer.ByteLevel',
    ],
    ['an inverted split', variant({ pre_tokenizer: wrongSplit({ invert: true }) }), 'pre_tokenizer.Split'],
    [
      'a removing split',
      variant({ pre_tokenizer: wrongSplit({ behavior: 'Removed' }) }),
      'pre_tokenizer.Split',
    ],
    [
      'a string split',
      variant({ pre_tokenizer: wrongSplit({ pattern: { String: ' ' } }) }),
      'pre_tokenizer.Split',
    ],
    ['a decoder', variant({ decoder: { type: 'WordPiece' } }), 'decoder WordPiece'],
    [
      'a post-processor',
      variant({ post_processor: { type: 'BertProcessing' } }),
      'post_processor.BertProcessing',
    ],
    ['a model', variant({}, { type: 'Unigram' }), 'model.type Unigram'],
    ['byte fallback', variant({}, { byte_fallback: true }), 'model.byte_fallback'],
    ['dropout', variant({}, { dropout: 0.1 }), 'model.dropout'],
    ['a word suffix', variant({}, { end_of_word_suffix: '</w>' }), 'model.end_of_word_suffix'],
    ['a stripping token', variant({ added_tokens: added({ lstrip: true }) }), 'added_tokens.lstrip'],
  ])('names the unsupported component: %s', (_, json, component) => {
    expect(() => createTokenizer(json)).toThrow(
      expect.objectContaining({
        code: 'tokenizer_unsupported',
        details: expect.objectContaining({ component }),
      }),
    );
  });

  it.each([
    ['text that is no JSON', '{'],
    ['a missing model', '{}'],
    ['a negative id', JSON.stringify(variant({}, { vocab: { a: -1 } }))],
    ['an enormous id', JSON.stringify(variant({}, { vocab: { ...TRAINED.model.vocab, zzzz: 2 ** 31 } }))],
    ['a merge of unknown tokens', JSON.stringify(variant({}, { merges: [['zz', 'qq']] }))],
  ])('rejects %s', (_, source) => {
    expect(() => createTokenizer(source)).toThrow(expect.objectContaining({ code: 'tokenizer_malformed' }));
  });

  it('rejects a vocabulary that lacks a byte', () => {
    const { '!': _, ...vocab } = TRAINED.model.vocab;
    expect(() => createTokenizer(variant({}, { vocab }))).toThrow(/lacks byte 33/);
  });
});
