import type { GeneratedToken, Tokenizer, TokenProbability } from '@connito/model';
import type { TextPiece, TextToken } from '../text/answer-text.ts';
import { tokenText } from '../text/token-text.ts';

/** OpenAI's shapes, field by field; `fixtures/` holds an example of each, which the tests compare with. */

export type FinishReason = 'stop' | 'length';

export type Usage = {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number; readonly audio_tokens: number };
  readonly completion_tokens_details: {
    readonly reasoning_tokens: number;
    readonly audio_tokens: number;
    readonly accepted_prediction_tokens: number;
    readonly rejected_prediction_tokens: number;
  };
};

export function usageOf(promptTokens: number, completionTokens: number): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** Ours, beside OpenAI's fields: who answered. */
export type ExpertReport = {
  /** Counts up with every swap of the model's parameters. */
  readonly version: number;
  /** Null where the engine cannot see the routing. */
  readonly experts: {
    /** Tokens of prompt and answer that each expert served: `[layer][expert]`. */
    readonly layers: readonly (readonly number[])[];
    /** Tokens for which at least one expert of the package was chosen; `base` for the base model's. */
    readonly packages: Readonly<Record<string, number>>;
  } | null;
};

type Head = {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly fingerprint: string;
};

type TopLogprob = { readonly token: string; readonly logprob: number; readonly bytes: readonly number[] };
export type ChatLogprobs = {
  readonly content: readonly (TopLogprob & { readonly top_logprobs: readonly TopLogprob[] })[];
  readonly refusal: null;
};

function topLogprob(tokenizer: Tokenizer, { token, logprob }: TokenProbability): TopLogprob {
  const bytes = [...tokenizer.bytesOf(token)];
  return { token: tokenText(tokenizer, token), logprob, bytes };
}

export function chatLogprobs(tokenizer: Tokenizer, tokens: readonly GeneratedToken[]): ChatLogprobs {
  const content = tokens.map((token) => ({
    ...topLogprob(tokenizer, token),
    top_logprobs: token.top.map((each) => topLogprob(tokenizer, each)),
  }));
  return { content, refusal: null };
}

export type CompletionLogprobs = {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly number[];
  readonly top_logprobs: readonly Readonly<Record<string, number>>[] | null;
  readonly text_offset: readonly number[];
};

export function completionLogprobs(
  tokenizer: Tokenizer,
  tokens: readonly TextToken[],
  topCount: number,
): CompletionLogprobs {
  const textOf = (token: number): string => tokenText(tokenizer, token, 'bytes:');
  return {
    tokens: tokens.map(({ token }) => textOf(token)),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs:
      topCount === 0
        ? null
        : tokens.map(({ top }) =>
            Object.fromEntries(top.map(({ token, logprob }) => [textOf(token), logprob])),
          ),
    text_offset: tokens.map(({ textOffset }) => textOffset),
  };
}

export type WrittenChoice = {
  readonly text: string;
  readonly logprobs: ChatLogprobs | CompletionLogprobs | null;
  readonly finishReason: FinishReason;
};

export function chatCompletion(
  { id, created, model, fingerprint }: Head,
  choices: readonly WrittenChoice[],
  usage: Usage,
  report: ExpertReport,
) {
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: choices.map(({ text, logprobs, finishReason }, index) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null, annotations: [] },
      logprobs,
      finish_reason: finishReason,
    })),
    usage,
    service_tier: 'default',
    system_fingerprint: fingerprint,
    connito: report,
  };
}

export function textCompletion(
  { id, created, model, fingerprint }: Head,
  choices: readonly WrittenChoice[],
  usage: Usage,
  report: ExpertReport,
) {
  return {
    id,
    object: 'text_completion',
    created,
    model,
    choices: choices.map(({ text, logprobs, finishReason }, index) => ({
      text,
      index,
      logprobs,
      finish_reason: finishReason,
    })),
    usage,
    system_fingerprint: fingerprint,
    connito: report,
  };
}

/** What a stream says of one choice at one time. */
export type StreamedPart =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'piece';
      readonly piece: TextPiece;
      readonly logprobs: ChatLogprobs | CompletionLogprobs | null;
    }
  | { readonly kind: 'finish'; readonly reason: FinishReason };

export type StreamExtras = {
  /** Null, as OpenAI sends it in all chunks but the last where usage was asked for; absent where it was not. */
  readonly usage?: Usage | null;
  readonly connito?: unknown;
};

export function chatChunk(
  { id, created, model, fingerprint }: Head,
  index: number,
  part: StreamedPart,
  extras: StreamExtras,
) {
  const delta =
    part.kind === 'start'
      ? { role: 'assistant', content: '', refusal: null }
      : part.kind === 'piece'
        ? { content: part.piece.text }
        : {};
  const choice = {
    index,
    delta,
    logprobs: part.kind === 'piece' ? part.logprobs : null,
    finish_reason: part.kind === 'finish' ? part.reason : null,
  };
  return {
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    service_tier: 'default',
    system_fingerprint: fingerprint,
    choices: [choice],
    ...extras,
  };
}

export function textChunk(
  { id, created, model, fingerprint }: Head,
  index: number,
  part: Exclude<StreamedPart, { kind: 'start' }>,
  extras: StreamExtras,
) {
  const choice = {
    text: part.kind === 'piece' ? part.piece.text : '',
    index,
    logprobs: part.kind === 'piece' ? part.logprobs : null,
    finish_reason: part.kind === 'finish' ? part.reason : null,
  };
  return {
    id,
    object: 'text_completion',
    created,
    model,
    system_fingerprint: fingerprint,
    choices: [choice],
    ...extras,
  };
}

/** The last chunk of a stream, where usage was asked for. */
export function usageChunk({ id, created, model, fingerprint }: Head, object: string, usage: Usage) {
  const tier = object === 'text_completion' ? {} : { service_tier: 'default' };
  return { id, object, created, model, ...tier, system_fingerprint: fingerprint, choices: [], usage };
}

export type { Head as ResponseHead };
