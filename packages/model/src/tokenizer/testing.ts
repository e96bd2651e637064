import { Tokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import type { TokenizerJson } from './tokenizer-json.ts';

/** What the tests use of the library whose ids ours must equal; its own types do not resolve under Node's rules. */
export type ReferenceTokenizer = {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: readonly number[], options: { skip_special_tokens: boolean }): string;
  readonly pre_tokenizer: { pre_tokenize_text(text: string): string[] };
};

/** The reference library's tokenizer for a tokenizer.json. */
export function createReferenceTokenizer(json: TokenizerJson): ReferenceTokenizer {
  return new Tokenizer(json, { clean_up_tokenization_spaces: false });
}

/** Pieces that tokenizers disagree about: odd spaces, marks, contractions, other scripts, lone surrogates. */
const TRAPS = [
  "'s", "'S", "'ſ", "'LL", "don't", '\u0085', '\uFEFF', '\u00A0', '\u2028', '\u200B', '\r\n', '\n\n', '\t', '  ', ' ',
  '٣', '²', '½', 'Ⅷ', 'é', 'e\u0301', 'ﬁ', 'İ', '中文', 'ไทย', '👩‍👩‍👧', '🇩🇪', '\uD800', '\uDC00', '\0',
  '<|endoftext|>', '<|endoftext', '12345', '3.14', '__proto__', '$', '\\', '--------', '=====', '→e\u0301',
]; // biome-ignore format: one list

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
