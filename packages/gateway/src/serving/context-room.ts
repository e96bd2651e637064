import type { InferenceEngine } from '../engine/inference-engine.ts';
import { type ApiError, badRequest } from '../errors.ts';
import type { Asked } from './answer.ts';

/** The tokens of a prompt. Text that cannot fit the context is refused before it is encoded, which holds up everybody else. */
export function encodePrompt(
  text: string,
  { tokenizer, contextSize }: Pick<InferenceEngine, 'tokenizer' | 'contextSize'>,
  param: 'prompt' | 'messages',
): Int32Array {
  if (text.length <= tokenizer.longestText(contextSize)) return Int32Array.from(tokenizer.encode(text));
  throw tooLong(
    `This model's maximum context length is ${contextSize} tokens, and ${text.length} characters in the ${param} always make more. Shorten the ${param}.`,
    param,
  );
}

/** How many tokens may be written after a prompt; fails where that is none, or fewer than asked for. */
export function completionRoom(
  promptTokens: number,
  { maxTokens, idPrefix }: Pick<Asked, 'maxTokens' | 'idPrefix'>,
  contextSize: number,
): number {
  const param = idPrefix === 'cmpl' ? 'prompt' : 'messages';
  if (promptTokens === 0)
    throw badRequest(`Invalid '${param}': it must not be empty.`, param, 'invalid_value');
  const wanted = maxTokens ?? Math.max(1, contextSize - promptTokens);
  if (promptTokens + wanted <= contextSize) return wanted;
  const asked = maxTokens === null ? '' : ` and ${maxTokens} in the completion`;
  throw tooLong(
    `This model's maximum context length is ${contextSize} tokens, and you asked for ${promptTokens + wanted} (${promptTokens} in the ${param}${asked}). Shorten the ${param} or the completion.`,
    param,
  );
}

function tooLong(message: string, param: string): ApiError {
  return badRequest(message, param, 'context_length_exceeded');
}
