import { Tokenizer } from '@huggingface/tokenizers';
import type { TokenizerJson } from '../tokenizer-json.ts';

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
