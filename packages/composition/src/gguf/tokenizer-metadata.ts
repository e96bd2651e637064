import type { TokenizerJson } from '@connito/model';
import { compositionError } from '../errors.ts';
import type { GgufValue } from './gguf-file.ts';

/** ggml's kinds of tokens. */
const NORMAL = 1;
const CONTROL = 3;
const USER_DEFINED = 4;
/** A number of the vocabulary that no token has. */
const UNUSED = 5;

/** llama.cpp cuts text by patterns it knows by name. This one is `qwen2`. */
const QWEN2_SPLITS: ReadonlySet<string> = new Set([
  String.raw`'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
]);

/**
 * The tokenizer as llama.cpp reads it, for the vocabulary the model has rows for. Fails with `not_expressible` where
 * llama.cpp would cut text otherwise than `tokenizer.json` does.
 */
export function tokenizerMetadata(
  json: TokenizerJson,
  vocabularySize: number,
  endOfTextToken: number | null,
): Map<string, GgufValue> {
  const tokens = new Array<string>(vocabularySize);
  const types = new Array<number>(vocabularySize).fill(UNUSED);
  const place = (id: number, text: string, type: number): void => {
    if (id >= vocabularySize) {
      throw refuse(`token ${id} has no row in the model's vocabulary of ${vocabularySize}`);
    }
    tokens[id] = text;
    types[id] = type;
  };
  for (const [text, id] of Object.entries(json.model.vocab)) place(id, text, NORMAL);
  for (const { id, content, special } of json.added_tokens)
    place(id, content, special ? CONTROL : USER_DEFINED);
  for (let id = 0; id < vocabularySize; id++) tokens[id] ??= `[unused ${id}]`;

  const metadata = new Map<string, GgufValue>([
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: splitName(json) }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'i32s', value: types }],
    [
      'tokenizer.ggml.merges',
      {
        type: 'strings',
        value: json.model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
      },
    ],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: false }],
  ]);
  if (endOfTextToken !== null)
    metadata.set('tokenizer.ggml.eos_token_id', { type: 'u32', value: endOfTextToken });
  return metadata;
}

function splitName(json: TokenizerJson): string {
  // llama.cpp leaves out NFC, as for Qwen's own models: text that is not composed is cut otherwise there.
  if (json.normalizer != null && json.normalizer.type !== 'NFC') {
    throw refuse(`its normalizer ${json.normalizer.type} has no counterpart`);
  }
  const stages = [json.pre_tokenizer ?? []].flatMap((stage) =>
    'pretokenizers' in stage
      ? (stage.pretokenizers as { type: string; pattern?: { Regex?: string } }[])
      : stage,
  );
  const split = stages.find(({ type }) => type === 'Split') as { pattern?: { Regex?: string } } | undefined;
  const regex = split?.pattern?.Regex;
  if (regex !== undefined && QWEN2_SPLITS.has(regex)) return 'qwen2';
  throw refuse(`llama.cpp has no name for its pattern ${JSON.stringify(regex ?? null)}`);
}

function refuse(why: string) {
  return compositionError(
    'not_expressible',
    `The tokenizer cannot be written to GGUF: ${why}. The Hugging Face folder holds it as it is.`,
  );
}
