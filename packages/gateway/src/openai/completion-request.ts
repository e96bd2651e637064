import { z } from 'zod';
import { sharedFields, unsupported } from './request-fields.ts';

const MAX_PROMPTS = 32;
const tokens = z.array(z.int().nonnegative()).min(1).max(1_000_000);

/** The body of `POST /v1/completions`. */
export const completionRequestSchema = z.strictObject({
  ...sharedFields,
  prompt: z.union([
    z.string(),
    z.array(z.string()).min(1).max(MAX_PROMPTS),
    tokens,
    z.array(tokens).min(1).max(MAX_PROMPTS),
  ]),
  /** How many of the most likely tokens to name. */
  logprobs: z.int().min(0).max(5).nullish(),
  best_of: unsupported(1),
  echo: unsupported(false),
  suffix: unsupported(),
});
export type CompletionRequest = z.output<typeof completionRequestSchema>;

/** OpenAI's default of `max_tokens` here. */
export const DEFAULT_COMPLETION_TOKENS = 16;

/** The prompts as text or token ids. */
export function promptsOf({ prompt }: CompletionRequest): (string | readonly number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as (string | number[])[]);
}
