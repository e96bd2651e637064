import { z } from 'zod';
import { TokenizerError } from './errors.ts';

const addedTokenSchema = z.object({
  id: z.int().nonnegative(),
  content: z.string().min(1),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().optional(),
  special: z.boolean().default(false),
});

const componentSchema = z.looseObject({ type: z.string() });

const tokenizerJsonSchema = z.looseObject({
  version: z.string().optional(),
  truncation: z.unknown().optional(),
  padding: z.unknown().optional(),
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: componentSchema.nullish(),
  pre_tokenizer: componentSchema.nullish(),
  post_processor: componentSchema.nullish(),
  decoder: componentSchema.nullish(),
  model: z.looseObject({
    type: z.string().default('BPE'),
    dropout: z.number().nullish(),
    unk_token: z.string().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    fuse_unk: z.boolean().optional(),
    byte_fallback: z.boolean().optional(),
    ignore_merges: z.boolean().optional(),
    vocab: z.record(z.string(), z.int().nonnegative()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

/** An added token as a tokenizer.json lists it. */
export type AddedToken = z.infer<typeof addedTokenSchema>;
/** The parts of Hugging Face's tokenizer.json that byte-level BPE uses. */
export type TokenizerJson = z.infer<typeof tokenizerJsonSchema>;
/** A component (`normalizer`, `pre_tokenizer`, …) before its type is known. */
export type TokenizerComponent = z.infer<typeof componentSchema>;

/** Parses the text or value of a tokenizer.json; its components are checked by `createTokenizer`. */
export function parseTokenizerJson(source: unknown): TokenizerJson {
  let value = source;
  if (typeof source === 'string') {
    try {
      value = JSON.parse(source);
    } catch (cause) {
      throw new TokenizerError('tokenizer_malformed', 'tokenizer.json is not JSON.', {}, { cause });
    }
  }
  const parsed = tokenizerJsonSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue?.path.join('.') ?? '';
    throw new TokenizerError(
      'tokenizer_malformed',
      `tokenizer.json is not of the expected form at "${path}": ${issue?.message ?? 'unknown'}.`,
      { path },
      { cause: parsed.error },
    );
  }
  return parsed.data;
}
