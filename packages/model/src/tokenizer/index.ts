/**
 * Byte-level BPE: training a vocabulary, and encoding and decoding with any byte-level tokenizer.json.
 *
 * @example
 * const tokenizer = await loadTokenizer('models/foundation/tokenizer.json');
 * const ids = tokenizer.encode('Four score and seven');
 * tokenizer.decode(ids); // 'Four score and seven'
 */
export { type BpeTrainingOptions, trainBpe } from './bpe-trainer.ts';
export { TokenizerError, type TokenizerErrorCode } from './errors.ts';
export { StreamDecoder } from './stream-decoder.ts';
export {
  createTokenizer,
  type DecodeOptions,
  type EncodeOptions,
  loadTokenizer,
  type Tokenizer,
} from './tokenizer.ts';
export { parseTokenizerJson, type TokenizerJson } from './tokenizer-json.ts';
