import { z } from 'zod';
import type { ChatMessage } from '../chat/chat-template.ts';
import { badRequest } from '../errors.ts';
import { sharedFields, unsupported } from './request-fields.ts';

/** A conversation longer than this does not fit any context that this server could hold. */
const MAX_MESSAGES = 2_048;

const text = z.union([
  z.string(),
  z
    .array(z.strictObject({ type: z.literal('text'), text: z.string() }))
    .max(1_024)
    .transform((parts) => parts.map((part) => part.text).join('')),
]);

const message = z
  .strictObject({
    // `developer` is the newer name of `system`.
    role: z.enum(['system', 'developer', 'user', 'assistant']),
    content: text.nullish(),
    name: z.string().max(64).nullish(),
    // An answer's message comes back in the next request, with the fields that are empty here.
    refusal: z.null().optional(),
    annotations: z.array(z.never()).nullish(),
    tool_calls: z.array(z.never('tools are not supported here; leave them out')).nullish(),
    function_call: z.null().optional(),
    audio: z.null().optional(),
  })
  .check(({ value, issues }) => {
    if (value.role === 'assistant' || typeof value.content === 'string') return;
    issues.push({ code: 'invalid_type', expected: 'string', input: value.content, path: ['content'] });
  });

/** The body of `POST /v1/chat/completions`. */
export const chatRequestSchema = z.strictObject({
  ...sharedFields,
  messages: z.array(message).min(1).max(MAX_MESSAGES),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  metadata: z.record(z.string(), z.string().max(512)).nullish(),
  store: z.boolean().nullish(),
  service_tier: z.enum(['auto', 'default']).nullish(),
  prompt_cache_key: z.string().max(256).nullish(),
  safety_identifier: z.string().max(256).nullish(),
  response_format: z.strictObject({ type: z.literal('text') }).nullish(),
  modalities: z.tuple([z.literal('text')]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  tools: z.array(z.never('tools are not supported here; leave them out')).nullish(),
  tool_choice: unsupported('none', 'auto'),
  functions: unsupported(),
  function_call: unsupported('none', 'auto'),
  reasoning_effort: unsupported(),
  prediction: unsupported(),
  audio: unsupported(),
  web_search_options: unsupported(),
  verbosity: unsupported('medium'),
});
export type ChatRequest = z.output<typeof chatRequestSchema>;

export function chatMessages({ messages }: ChatRequest): ChatMessage[] {
  return messages.map(({ role, content }) => ({
    role: role === 'developer' ? 'system' : role,
    content: content ?? '',
  }));
}

/** How many of the most likely tokens to name, or null where no log probabilities are asked for. */
export function chatTopCount({ logprobs, top_logprobs }: ChatRequest): number | null {
  if (logprobs === true) return top_logprobs ?? 0;
  if (top_logprobs === null || top_logprobs === undefined) return null;
  throw badRequest(
    "Invalid 'top_logprobs': it needs 'logprobs' to be true.",
    'top_logprobs',
    'invalid_value',
  );
}
