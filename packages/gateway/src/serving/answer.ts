import { randomInt, randomUUID } from 'node:crypto';
import type { PackageId } from '@connito/market';
import type { Clock, Log } from '@connito/node';
import { ConnitoError } from '@connito/protocol';
import type { EngineRequest } from '../engine/inference-engine.ts';
import { badRequest, unavailable } from '../errors.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { ExpertWishes } from '../openai/request-fields.ts';
import { type ExpertReport, type ResponseHead, type Usage, usageOf } from '../openai/responses.ts';
import type { ReceiptSink } from '../receipts/receipt-sink.ts';
import { merge } from '../text/merge.ts';
import { completionRoom } from './context-room.ts';
import type { ModelVersion } from './model-version.ts';
import type { Lease, ServedModel } from './served-model.ts';
import { type ChoiceEvent, type ChoiceTally, writeChoice } from './write-choice.ts';

/** A request to be answered, whichever of OpenAI's two shapes it came in. */
export type Asked = {
  readonly idPrefix: 'chatcmpl' | 'cmpl';
  readonly prompts: readonly Int32Array[];
  readonly choicesPerPrompt: number;
  /** Null: as many as the context leaves. */
  readonly maxTokens: number | null;
  readonly temperature: number;
  readonly topP: number;
  /** Null: a random one. */
  readonly seed: number | null;
  readonly stops: readonly string[];
  readonly topCount: number;
  readonly experts: ExpertWishes | undefined;
  readonly trace: boolean;
};

export type AnswerDependencies = {
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly receipts: ReceiptSink;
  readonly log: Log;
};

/** Seeds of the choices of one request must differ, and stay exact integers. */
const SEED_RANGE = 2 ** 46;

/**
 * One request's answer: its choices written side by side by one version of the model. When `events` has been read to the end or
 * closed, or the answer is disposed of before, it ends: the version is released and the usage recorded, also where the client left.
 */
export class Answer implements Disposable {
  readonly head: ResponseHead;
  readonly version: ModelVersion;
  readonly #model: ServedModel;
  readonly #lease: Lease;
  readonly #asked: Asked;
  readonly #requests: readonly EngineRequest[];
  readonly #tallies: readonly ChoiceTally[];
  readonly #dependencies: AnswerDependencies;
  readonly #startedMs: number;
  readonly #leaving = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #choices: readonly AsyncGenerator<ChoiceEvent, void, void>[] = [];
  #finished = 0;
  #isEnding = false;

  /** Checks all that can be wrong before anything is computed. Fails with an `ApiError`. */
  constructor(model: ServedModel, lease: Lease, asked: Asked, dependencies: AnswerDependencies) {
    this.#model = model;
    this.#lease = lease;
    this.#asked = asked;
    this.#dependencies = dependencies;
    this.version = lease.version;
    this.#startedMs = dependencies.clock.nowMs();
    const { engine } = this.version;
    this.head = {
      id: `${asked.idPrefix}-${randomUUID().replaceAll('-', '')}`,
      created: Math.floor(this.#startedMs / 1000),
      model: model.id,
      fingerprint: `connito_${model.id}_v${this.version.number}`,
    };
    const restriction = asked.experts === undefined ? {} : this.version.restriction(asked.experts);
    if (asked.trace && engine.routing === null)
      throw badRequest(`The engine ${engine.name} does not see the routing.`, 'connito.trace');
    const seed = (asked.seed ?? randomInt(SEED_RANGE)) % SEED_RANGE;
    const end = engine.tokenizer.specialIds;
    this.#requests = asked.prompts.flatMap((prompt, p) => {
      const maxTokens = completionRoom(prompt.length, asked, engine.contextSize);
      return Array.from({ length: asked.choicesPerPrompt }, (_, i) => ({
        prompt,
        maxTokens,
        stopTokens: [...end],
        sampling: {
          temperature: asked.temperature,
          topP: asked.topP,
          seed: SEED_RANGE + seed + p * asked.choicesPerPrompt + i,
        },
        topCount: asked.topCount,
        experts: restriction,
        trace: asked.trace,
      }));
    });
    this.#tallies = this.#requests.map(() => ({ completionTokens: 0, usage: null }));
  }

  /** Pieces of all choices as they are written. A choice whose client has left ends without `finish`. */
  async *events(
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly index: number; readonly value: ChoiceEvent }, void, void> {
    if (this.#isEnding) return;
    const either = AbortSignal.any([signal, this.#leaving.signal]);
    const { metrics, clock } = this.#dependencies;
    const { engine } = this.version;
    this.#choices = this.#requests.map((request, i) =>
      writeChoice(engine, request, this.#asked.stops, this.#tallies[i]!, either),
    );
    let isFirst = true;
    try {
      for await (const event of merge(this.#choices)) {
        if (isFirst) {
          metrics.firstTokenSeconds.observe(
            { model: this.#model.id },
            (clock.nowMs() - this.#startedMs) / 1000,
          );
          isFirst = false;
        }
        if (event.value.kind === 'finish') this.#finished += 1;
        yield event;
      }
    } catch (error) {
      throw this.#explained(error);
    } finally {
      void this.end();
    }
  }

  /** Resolves when the usage is recorded; a receipt that could not be written is in the log. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends the answer where it is, read or not. Resolves with `ended`. */
  end(): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.#leaving.abort();
      // What was left behind ends within a step, and then says which experts it used.
      void Promise.allSettled(this.#choices.map(drain))
        .then(() => this.#settle())
        .catch((error: unknown) =>
          this.#dependencies.log.error('A receipt could not be written', { request: this.head.id, error }),
        )
        .then(this.#ended.resolve);
    }
    return this.ended;
  }

  [Symbol.dispose](): void {
    void this.end();
  }

  /** So far. */
  get usage(): Usage {
    return usageOf(this.#promptTokens, this.#completionTokens);
  }

  report(choice?: number): ExpertReport {
    const tallies = choice === undefined ? this.#tallies : [this.#tallies[choice]!];
    const choices = tallies.map(({ usage }) => usage);
    const usages = choices.flatMap((usage) => (usage === null ? [] : [usage]));
    if (usages.length === 0) return { version: this.version.number, experts: null };
    const layers = usages[0]!.experts.map((row, layer) =>
      row.map((_, expert) => usages.reduce((sum, usage) => sum + usage.experts[layer]![expert]!, 0)),
    );
    const packages = this.version.tokensByPackage(choices, this.#asked.choicesPerPrompt, 'id');
    return { version: this.version.number, experts: { layers, packages } };
  }

  get #promptTokens(): number {
    return this.#asked.prompts.reduce((sum, prompt) => sum + prompt.length, 0);
  }

  get #completionTokens(): number {
    return this.#tallies.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
  }

  async #settle(): Promise<void> {
    this.#lease[Symbol.dispose]();
    const { metrics, clock, receipts } = this.#dependencies;
    const model = this.#model.id;
    const isComplete = this.#finished === this.#requests.length;
    metrics.tokens.inc({ model, kind: 'prompt' }, this.#promptTokens);
    metrics.tokens.inc({ model, kind: 'completion' }, this.#completionTokens);
    if (isComplete) metrics.answerSeconds.observe({ model }, (clock.nowMs() - this.#startedMs) / 1000);
    else metrics.cancelled.inc({ model });
    const usages = this.#tallies.map(({ usage }) => usage);
    const { choicesPerPrompt } = this.#asked;
    for (const [name, tokens] of Object.entries(this.version.tokensByPackage(usages, choicesPerPrompt, 'id')))
      metrics.packageTokens.inc({ model, package: name }, tokens);
    const total = this.#promptTokens + this.#completionTokens;
    const experts: Record<PackageId | 'base', number> = { base: 0 };
    const byHash = this.version.tokensByPackage(usages, choicesPerPrompt, 'contentHash');
    for (const [id, tokens] of Object.entries(byHash)) {
      // What was computed beyond a stop string is not charged.
      experts[id as PackageId] = Math.min(tokens, total);
    }
    await receipts.append({
      requestId: this.head.id,
      model,
      promptTokens: this.#promptTokens,
      completionTokens: this.#completionTokens,
      experts,
      issuedAtMs: clock.nowMs(),
    });
  }

  /** A dead engine is replaced; the client may try again. */
  #explained(error: unknown): unknown {
    if (!(error instanceof ConnitoError) || error.code !== 'engine_died') return error;
    const { log } = this.#dependencies;
    log.error('The engine died', { model: this.#model.id, error });
    this.#model.restart(this.version).catch((failure: unknown) => {
      log.error('The engine could not be started again', { model: this.#model.id, error: failure });
    });
    return unavailable(
      'The engine stopped and is being started again; try again shortly.',
      'engine_restarting',
    );
  }
}

/** Reads a generator to its end; what it says is of no interest any more. */
async function drain(choice: AsyncGenerator<unknown, void, void>): Promise<void> {
  while ((await choice.next()).done !== true);
}
