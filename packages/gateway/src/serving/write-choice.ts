import type { ExpertUsage } from '@connito/model';
import type { EngineRequest, InferenceEngine } from '../engine/inference-engine.ts';
import type { FinishReason } from '../openai/responses.ts';
import { AnswerText, type TextPiece } from '../text/answer-text.ts';

export type ChoiceEvent =
  | { readonly kind: 'piece'; readonly piece: TextPiece }
  | { readonly kind: 'finish'; readonly reason: FinishReason };

/** What one choice has cost so far; kept up to date while it is written, since a client may leave at any time. */
export type ChoiceTally = { completionTokens: number; usage: ExpertUsage | null };

/**
 * Writes one choice: text as soon as it may be sent, then how it ended. Ends early without `finish` once `signal` is
 * aborted.
 */
export async function* writeChoice(
  engine: InferenceEngine,
  request: EngineRequest,
  stops: readonly string[],
  tally: ChoiceTally,
  signal: AbortSignal,
): AsyncGenerator<ChoiceEvent, void, void> {
  if (signal.aborted) return;
  const text = new AnswerText(engine.tokenizer, stops);
  const enough = new AbortController();
  const sequence = engine.generate(request, AbortSignal.any([signal, enough.signal]));
  for (;;) {
    const next = await sequence.next();
    if (next.done === true) {
      const { reason, usage } = next.value;
      tally.usage = usage;
      if (reason === 'cancelled' && !text.isStopped) return;
      const rest = text.end();
      if (rest.text !== '' || rest.tokens.length > 0) yield { kind: 'piece', piece: rest };
      yield { kind: 'finish', reason: text.isStopped ? 'stop' : (reason as FinishReason) };
      return;
    }
    // The engine may write a token or two more before it hears that a stop string has come.
    if (text.isStopped) continue;
    tally.completionTokens += 1;
    const piece = text.push(next.value);
    if (piece.text !== '' || piece.tokens.length > 0) yield { kind: 'piece', piece };
    if (text.isStopped) enough.abort();
  }
}
