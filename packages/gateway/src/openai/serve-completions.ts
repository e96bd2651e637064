import type { GeneratedToken, Tokenizer } from '@connito/model';
import type { ChatTemplate } from '../chat/chat-template.ts';
import type { InferenceEngine } from '../engine/inference-engine.ts';
import { badRequest } from '../errors.ts';
import type { Answer, Asked } from '../serving/answer.ts';
import { encodePrompt } from '../serving/context-room.ts';
import type { TextToken } from '../text/answer-text.ts';
import { type ChatRequest, chatMessages, chatTopCount } from './chat-request.ts';
import { type CompletionRequest, DEFAULT_COMPLETION_TOKENS, promptsOf } from './completion-request.ts';
import { MAX_CHOICES } from './request-fields.ts';
import {
  type ChatLogprobs,
  type CompletionLogprobs,
  chatChunk,
  chatCompletion,
  chatLogprobs,
  completionLogprobs,
  type FinishReason,
  type StreamExtras,
  textChunk,
  textCompletion,
  usageChunk,
} from './responses.ts';

/** One of OpenAI's two ways to ask and to be answered. */
export type Format = {
  readonly object: 'chat.completion.chunk' | 'text_completion';
  readonly includesUsage: boolean;
  readonly traces: boolean;
  logprobs(tokenizer: Tokenizer, tokens: readonly TextToken[]): ChatLogprobs | CompletionLogprobs | null;
};

type PromptEngine = Pick<InferenceEngine, 'tokenizer' | 'contextSize'>;

type Shared = Pick<
  ChatRequest & CompletionRequest,
  'temperature' | 'top_p' | 'seed' | 'n' | 'stop' | 'connito'
> & {
  readonly stream?: boolean | null | undefined;
};

function sharedOf(request: Shared) {
  const trace = request.connito?.trace ?? false;
  if (trace && request.stream !== true)
    throw badRequest('A trace is told token by token: it needs "stream": true.', 'connito.trace');
  return {
    choicesPerPrompt: request.n ?? 1,
    temperature: request.temperature ?? 1,
    topP: request.top_p ?? 1,
    seed: request.seed ?? null,
    experts: request.connito?.experts,
    trace,
  };
}

function stopsOf({ stop }: Shared): string[] {
  if (stop === null || stop === undefined) return [];
  return typeof stop === 'string' ? [stop] : stop;
}

export function askedOfChat(
  request: ChatRequest,
  engine: PromptEngine,
  template: ChatTemplate,
): { readonly asked: Asked; readonly format: Format } {
  const topCount = chatTopCount(request);
  const asked: Asked = {
    ...sharedOf(request),
    idPrefix: 'chatcmpl',
    prompts: [encodePrompt(template.render(chatMessages(request)), engine, 'messages')],
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    stops: [...stopsOf(request), ...template.stops],
    topCount: topCount ?? 0,
  };
  const format: Format = {
    object: 'chat.completion.chunk',
    includesUsage: request.stream_options?.include_usage ?? false,
    traces: asked.trace,
    logprobs: (tokens, of) => (topCount === null ? null : chatLogprobs(tokens, of)),
  };
  return { asked, format };
}

export function askedOfCompletion(
  request: CompletionRequest,
  engine: PromptEngine,
): { readonly asked: Asked; readonly format: Format } {
  const topCount = request.logprobs ?? null;
  const prompts = promptsOf(request).map((prompt) => {
    if (typeof prompt === 'string') return encodePrompt(prompt, engine, 'prompt');
    const { vocabularySize } = engine.tokenizer;
    const unknown = prompt.find((token) => token >= vocabularySize);
    if (unknown === undefined) return Int32Array.from(prompt);
    throw badRequest(`Token ${unknown} is not in the vocabulary of ${vocabularySize}.`, 'prompt');
  });
  const shared = sharedOf(request);
  if (prompts.length * shared.choicesPerPrompt > MAX_CHOICES)
    throw badRequest(`At most ${MAX_CHOICES} choices are written for one request: prompts times n.`, 'n');
  const asked: Asked = {
    ...shared,
    idPrefix: 'cmpl',
    prompts,
    maxTokens: request.max_tokens ?? DEFAULT_COMPLETION_TOKENS,
    stops: stopsOf(request),
    topCount: topCount ?? 0,
  };
  const format: Format = {
    object: 'text_completion',
    includesUsage: request.stream_options?.include_usage ?? false,
    traces: asked.trace,
    logprobs: (of, tokens) => (topCount === null ? null : completionLogprobs(of, tokens, topCount)),
  };
  return { asked, format };
}

/** The whole answer as one object; null where the client left before its end. */
export async function wholeAnswer(answer: Answer, choices: number, format: Format, signal: AbortSignal) {
  const { tokenizer } = answer.version.engine;
  const written = Array.from({ length: choices }, () => ({
    text: '',
    tokens: [] as TextToken[],
    finishReason: null as FinishReason | null,
  }));
  for await (const { index, value } of answer.events(signal)) {
    const choice = written[index]!;
    if (value.kind === 'finish') choice.finishReason = value.reason;
    else {
      choice.text += value.piece.text;
      choice.tokens.push(...value.piece.tokens);
    }
  }
  if (written.some(({ finishReason }) => finishReason === null)) return null;
  const done = written.map(({ text, tokens, finishReason }) => ({
    text,
    logprobs: format.logprobs(tokenizer, tokens),
    finishReason: finishReason!,
  }));
  const shape = format.object === 'text_completion' ? textCompletion : chatCompletion;
  return shape(answer.head, done, answer.usage, answer.report());
}

/** The answer's chunks as they are written. */
export async function* streamedAnswer(
  answer: Answer,
  choices: number,
  format: Format,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, void> {
  const { head } = answer;
  const { tokenizer } = answer.version.engine;
  const usage: StreamExtras = format.includesUsage ? { usage: null } : {};
  const isChat = format.object === 'chat.completion.chunk';
  if (isChat)
    for (let index = 0; index < choices; index++) yield chatChunk(head, index, { kind: 'start' }, usage);
  for await (const { index, value } of answer.events(signal)) {
    const chunk = isChat ? chatChunk : textChunk;
    if (value.kind === 'finish') {
      yield chunk(head, index, value, { ...usage, connito: answer.report(index) });
      continue;
    }
    const { piece } = value;
    const logprobs = format.logprobs(tokenizer, piece.tokens);
    const extras = format.traces ? { ...usage, connito: { tokens: traced(tokenizer, piece.tokens) } } : usage;
    yield chunk(head, index, { kind: 'piece', piece, logprobs }, extras);
  }
  if (format.includesUsage) yield usageChunk(head, format.object, answer.usage);
}

function traced(tokenizer: Tokenizer, tokens: readonly GeneratedToken[]) {
  return tokens.map(({ token, experts }) => ({ token: tokenizer.decode([token]), experts }));
}
