import type { ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import type { Decoder, Step } from './decoder.ts';
import { type ExpertMask, type ExpertRestriction, expertMask } from './expert-mask.ts';
import { KeyValueCache } from './key-value-cache.ts';
import { type Sampled, type Sampling, sample } from './sample.ts';

export type GenerationRequest = {
  readonly id: number;
  /** At least one token, and with `maxTokens` no more than the context holds. */
  readonly prompt: Int32Array;
  readonly maxTokens: number;
  /** Tokens that end the sequence; they are not part of the answer. */
  readonly stopTokens: readonly number[];
  readonly sampling: Sampling;
  /** How many of the most likely tokens to name with each token. */
  readonly topCount: number;
  readonly experts: ExpertRestriction;
  /** Names the experts of each token, not only their counts. */
  readonly trace: boolean;
};

export type GeneratedToken = Sampled & {
  /**
   * Experts that served the token before this one, whose hidden state chose it: `[layer][rank]`. Only if traced.
   */
  readonly experts?: readonly (readonly { readonly expert: number; readonly gate: number }[])[];
};

export type GenerationEvent =
  | { readonly id: number; readonly kind: 'token'; readonly token: GeneratedToken }
  | {
      readonly id: number;
      readonly kind: 'end';
      readonly reason: 'stop' | 'length' | 'cancelled';
      readonly usage: ExpertUsage;
    }
  | { readonly id: number; readonly kind: 'failed'; readonly message: string };

/**
 * Which experts served a sequence. An owner is whoever contributed an expert; a token counts once for each owner of whom at
 * least one expert was chosen in any layer.
 */
export type ExpertUsage = {
  /** Tokens of prompt and answer that each expert served: `[layer][expert]`. */
  readonly experts: readonly (readonly number[])[];
  /** Tokens by owner. */
  readonly promptOwners: readonly number[];
  readonly answerOwners: readonly number[];
};

/** Number of the owner of each expert, `[layer][expert]`, from 0. */
export type ExpertOwners = readonly (readonly number[])[];

/** Prompts are read this many tokens at a time, so that a long one does not hold up the answers being written. */
const PREFILL_TOKENS = 128;

type Sequence = {
  readonly request: GenerationRequest;
  readonly mask: ExpertMask;
  readonly usage: Uint32Array;
  readonly promptOwners: Uint32Array;
  readonly answerOwners: Uint32Array;
  generated: number;
  last: number;
};

/**
 * Continuous batching: every tick reads a piece of one waiting prompt and then writes one token of every running sequence.
 * Sequences join and leave between ticks. A tick's work is bounded, so that cancelling takes effect soon.
 */
export class BatchGenerator {
  readonly #decoder: Decoder;
  readonly #maxRunning: number;
  /** Of each expert of each layer, flat. */
  readonly #owners: Uint16Array;
  readonly #ownerCount: number;
  readonly #emit: (event: GenerationEvent) => void;
  readonly #cache: KeyValueCache;
  /** By row of the cache. */
  readonly #running: Sequence[] = [];
  readonly #waiting: Sequence[] = [];
  /** Ids to be cancelled before the next tick: rows must not move while a step runs. */
  readonly #cancelled = new Set<number>();
  #reading: { readonly sequence: Sequence; readonly cache: KeyValueCache } | null = null;

  constructor(
    options: { readonly maxRunning: number; readonly owners?: ExpertOwners },
    dependencies: { readonly decoder: Decoder; readonly emit: (event: GenerationEvent) => void },
  ) {
    this.#decoder = dependencies.decoder;
    this.#emit = dependencies.emit;
    this.#maxRunning = options.maxRunning;
    const { config } = dependencies.decoder;
    this.#cache = new KeyValueCache(config);
    const owners = options.owners?.flat() ?? new Array<number>(config.layers * config.experts).fill(0);
    if (owners.length !== config.layers * config.experts)
      throw new RangeError(
        `owners of ${owners.length} experts do not fit ${config.layers} layers of ${config.experts}`,
      );
    this.#owners = Uint16Array.from(owners);
    this.#ownerCount = owners.reduce((most, owner) => Math.max(most, owner + 1), 1);
  }

  get isIdle(): boolean {
    const work = this.#running.length + this.#waiting.length + this.#cancelled.size;
    return work === 0 && this.#reading === null;
  }

  get load(): { readonly running: number; readonly waiting: number; readonly cacheBytes: number } {
    const reading = this.#reading === null ? 0 : 1;
    return {
      running: this.#running.length + reading,
      waiting: this.#waiting.length,
      cacheBytes: this.#cache.sizeBytes + (this.#reading?.cache.sizeBytes ?? 0),
    };
  }

  submit(request: GenerationRequest): void {
    const { config } = this.#decoder;
    try {
      requireFits(request, config);
      const mask = expertMask(config, request.experts);
      this.#waiting.push({
        request,
        mask,
        usage: new Uint32Array(config.layers * config.experts),
        promptOwners: new Uint32Array(this.#ownerCount),
        answerOwners: new Uint32Array(this.#ownerCount),
        generated: 0,
        last: -1,
      });
    } catch (error) {
      this.#emit({ id: request.id, kind: 'failed', message: (error as Error).message });
    }
  }

  /** Ends a sequence before the next tick; unknown ids, such as those just finished, are ignored. */
  cancel(id: number): void {
    this.#cancelled.add(id);
  }

  #cancelNow(id: number): void {
    const waiting = this.#waiting.findIndex(({ request }) => request.id === id);
    const row = this.#running.findIndex(({ request }) => request.id === id);
    if (waiting >= 0) this.#end(this.#waiting.splice(waiting, 1)[0]!, 'cancelled');
    else if (row >= 0) this.#leave(row, 'cancelled');
    else if (this.#reading?.sequence.request.id === id) {
      const { sequence } = this.#reading;
      this.#reading = null;
      this.#end(sequence, 'cancelled');
    }
  }

  /** Reads a piece of a prompt, if one waits, and writes one token of each running sequence. */
  async tick(): Promise<void> {
    for (const id of this.#cancelled) this.#cancelNow(id);
    this.#cancelled.clear();
    await this.#read();
    await this.#write();
  }

  async #read(): Promise<void> {
    if (this.#reading === null) {
      if (this.#running.length >= this.#maxRunning) return;
      const sequence = this.#waiting.shift();
      if (sequence === undefined) return;
      const cache = new KeyValueCache(this.#decoder.config);
      cache.addRow();
      this.#reading = { sequence, cache };
    }
    const { sequence, cache } = this.#reading;
    const { prompt } = sequence.request;
    const start = cache.length(0);
    const piece = prompt.subarray(start, start + PREFILL_TOKENS);
    const step = await this.#decoder.prefill(cache, 0, piece, sequence.mask);
    this.#count(sequence, step, 0, piece.length, sequence.promptOwners);
    if (start + piece.length < prompt.length) return;
    this.#reading = null;
    const row = this.#cache.adopt(cache, 0);
    this.#running.push(sequence);
    if (!this.#choose(sequence, step, step.logits, piece.length - 1)) this.#removeRow(row);
  }

  async #write(): Promise<void> {
    const count = this.#running.length;
    if (count === 0) return;
    const tokens = Int32Array.from(this.#running, ({ last }) => last);
    const masks = this.#running.map(({ mask }) => mask);
    const step = await this.#decoder.decode(this.#cache, tokens, masks);
    const width = this.#decoder.config.vocabularySize;
    const ended: number[] = [];
    this.#running.forEach((sequence, row) => {
      this.#count(sequence, step, row, 1, sequence.answerOwners);
      const logits = step.logits.subarray(row * width, (row + 1) * width);
      if (!this.#choose(sequence, step, logits, row)) ended.push(row);
    });
    // From the end, so that the rows still to be removed keep their numbers.
    for (const row of ended.reverse()) this.#removeRow(row);
  }

  /** Samples and announces the next token. Returns whether the sequence goes on; if not, its end is announced. */
  #choose(sequence: Sequence, step: Step, logits: Float32Array, tokenRow: number): boolean {
    const { request } = sequence;
    const sampled = sample(logits, request.sampling, sequence.generated, request.topCount);
    if (sampled === null) {
      const message = 'the model computed values that are not finite; its parameters are broken';
      this.#emit({ id: request.id, kind: 'failed', message });
      return false;
    }
    if (request.stopTokens.includes(sampled.token)) {
      this.#end(sequence, 'stop');
      return false;
    }
    sequence.last = sampled.token;
    sequence.generated += 1;
    const token = request.trace ? { ...sampled, experts: this.#expertsOf(step, tokenRow) } : sampled;
    this.#emit({ id: request.id, kind: 'token', token });
    if (sequence.generated < request.maxTokens) return true;
    this.#end(sequence, 'length');
    return false;
  }

  #expertsOf(step: Step, tokenRow: number): { readonly expert: number; readonly gate: number }[][] {
    const { layers, expertsPerToken: k } = this.#decoder.config;
    return Array.from({ length: layers }, (_, layer) =>
      Array.from({ length: k }, (_, rank) => {
        const at = (tokenRow * layers + layer) * k + rank;
        return { expert: Number(step.chosen[at]), gate: step.gates[at]! };
      }),
    );
  }

  #count(sequence: Sequence, step: Step, firstRow: number, rows: number, owners: Uint32Array): void {
    const { layers, experts, expertsPerToken: k } = this.#decoder.config;
    for (let row = firstRow; row < firstRow + rows; row++) {
      const served = new Set<number>();
      for (let i = 0; i < layers * k; i++) {
        const at = row * layers * k + i;
        // Where a restriction leaves fewer experts than a token uses, the rest of the chosen have no share.
        if (step.gates[at] === 0) continue;
        const place = Math.floor(i / k) * experts + Number(step.chosen[at]);
        sequence.usage[place] = sequence.usage[place]! + 1;
        served.add(this.#owners[place]!);
      }
      for (const owner of served) owners[owner] = owners[owner]! + 1;
    }
  }

  #leave(row: number, reason: 'cancelled'): void {
    this.#end(this.#running[row]!, reason);
    this.#removeRow(row);
  }

  #removeRow(row: number): void {
    this.#cache.removeRow(row);
    const last = this.#running.pop()!;
    if (row < this.#running.length) this.#running[row] = last;
  }

  #end(sequence: Sequence, reason: 'stop' | 'length' | 'cancelled'): void {
    const { layers, experts } = this.#decoder.config;
    const usage: ExpertUsage = {
      experts: Array.from({ length: layers }, (_, layer) =>
        Array.from(sequence.usage.subarray(layer * experts, (layer + 1) * experts)),
      ),
      promptOwners: Array.from(sequence.promptOwners),
      answerOwners: Array.from(sequence.answerOwners),
    };
    this.#emit({ id: sequence.request.id, kind: 'end', reason, usage });
  }
}

function requireFits(
  { prompt, maxTokens }: GenerationRequest,
  { contextSize, vocabularySize }: ModelConfig,
): void {
  if (prompt.length === 0 || maxTokens < 1 || prompt.length + maxTokens > contextSize) {
    throw new RangeError(
      `a prompt of ${prompt.length} tokens and ${maxTokens} new ones do not fit a context of ${contextSize}`,
    );
  }
  const unknown = prompt.find((token) => token < 0 || token >= vocabularySize);
  if (unknown !== undefined)
    throw new ModelError(
      'parameter_mismatch',
      `token ${unknown} is not in the vocabulary of ${vocabularySize}`,
    );
}
