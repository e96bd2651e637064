import type {
  ExpertRestriction,
  ExpertUsage,
  GeneratedToken,
  GenerationLoad,
  Sampling,
  Tokenizer,
} from '@connito/model';

export type EngineRequest = {
  /** At least one token; with `maxTokens`, no more than `contextSize`. */
  readonly prompt: Int32Array;
  readonly maxTokens: number;
  /** Tokens that end the answer and are not part of it. */
  readonly stopTokens: readonly number[];
  readonly sampling: Sampling;
  /** How many of the most likely tokens to name with each token. */
  readonly topCount: number;
  /** Must be empty for an engine without `routing`. */
  readonly experts: ExpertRestriction;
  /** Name the experts of each token; only with `routing`. */
  readonly trace: boolean;
};

export type EngineEnd = {
  readonly reason: 'stop' | 'length' | 'cancelled';
  /** Null where the engine cannot see the routing. */
  readonly usage: ExpertUsage | null;
};

/**
 * Something that writes tokens: one loaded model, any number of sequences at once. Every engine passes
 * `describeInferenceEngine`.
 */
export interface InferenceEngine {
  readonly name: string;
  readonly contextSize: number;
  readonly tokenizer: Tokenizer;
  /** Layers and experts in each, where the engine sees and restricts routing; else null. */
  readonly routing: { readonly layers: number; readonly experts: number } | null;
  /** Right now, as far as is known. */
  readonly load: GenerationLoad;
  /** Tokens as they come. Leaving the loop or aborting `signal` ends the sequence with `cancelled`. */
  generate(request: EngineRequest, signal?: AbortSignal): AsyncGenerator<GeneratedToken, EngineEnd, void>;
  /** Resolves once nothing is being written. */
  drained(): Promise<void>;
  stop(): Promise<void>;
}
