import fc from 'fast-check';

/** Pieces that tokenizers disagree about: odd spaces, marks, contractions, other scripts, lone surrogates. */
const TRAPS = [
  "'s",
  "'S",
  "'ſ",
  "'LL",
  "don't",
  '\u0085',
  '\uFEFF',
  '\u00A0',
  '\u2028',
  '\u200B',
  '\r\n',
  '\n\n',
  '\t',
  '  ',
  ' ',
  '٣',
  '²',
  '½',
  'Ⅷ',
  'é',
  'e\u0301',
  'ﬁ',
  'İ',
  '中文',
  'ไทย',
  '👩‍👩‍👧',
  '🇩🇪',
  '\uD800',
  '\uDC00',
  '\0',
  '<|endoftext|>',
  '<|endoftext',
  '12345',
  '3.14',
  '__proto__',
  '$',
  '\\',
  '--------',
  '=====',
  '→e\u0301',
];

/** Text made to break tokenizers. */
export function hostileText(maxLength = 40): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...TRAPS) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
    { weight: 2, arbitrary: fc.string({ maxLength: 10 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  );
  return fc.array(piece, { maxLength }).map((pieces) => pieces.join(''));
}
