import { type Backend, type Executable, floats, type Tensor, tensor } from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { EMBEDDING, type Parameters, requireParameters } from '../parameters.ts';
import { embed } from '../transformer/embedding.ts';
import { rotaryTable } from '../transformer/rotary-table.ts';
import type { ExpertMask } from './expert-mask.ts';
import type { KeyValueCache } from './key-value-cache.ts';
import { packParameters } from './packed-parameters.ts';
import { stepGraph } from './step-graph.ts';

/**
 * Models up to this size are stored in the graph that decodes, which saves a seventh of a step of the foundation, at the
 * price of a second copy. A graph could not hold more than 2 GiB anyway.
 */
const MAX_STORED_BYTES = 512 << 20;

/** What a step computed for its rows. */
export type Step = {
  /** `[rows, vocabularySize]`; of a prefill, one row: that of the last token. */
  readonly logits: Float32Array;
  /** Which experts served each token, `[tokens, layers · expertsPerToken]`, and with what share. */
  readonly chosen: BigInt64Array;
  readonly gates: Float32Array;
};

/** The model run token by token over a cache of keys and values. */
export class Decoder {
  readonly config: ModelConfig;
  readonly #decode: Executable;
  readonly #prefill: Executable;
  readonly #packed: Readonly<Record<string, Tensor>>;
  readonly #embedding: Tensor;
  readonly #rotary: { readonly cos: Float32Array; readonly sin: Float32Array };

  private constructor(
    config: ModelConfig,
    parameters: Parameters,
    packed: Readonly<Record<string, Tensor>>,
    executables: { readonly decode: Executable; readonly prefill: Executable },
  ) {
    this.config = config;
    this.#decode = executables.decode;
    this.#prefill = executables.prefill;
    this.#packed = packed;
    this.#embedding = parameters.get(EMBEDDING)!;
    this.#rotary = rotaryTable(config, config.contextSize);
  }

  static async create(backend: Backend, config: ModelConfig, parameters: Parameters): Promise<Decoder> {
    requireParameters(config, parameters);
    const packed = packParameters(config, parameters);
    const sizeBytes = Object.values(packed).reduce((sum, { data }) => sum + data.byteLength, 0);
    const stored = sizeBytes <= MAX_STORED_BYTES ? packed : {};
    const decode = await backend.compile(stepGraph(config, 'decode', stored));
    const prefill = await backend.compile(stepGraph(config, 'prefill'));
    return new Decoder(config, parameters, packed, { decode, prefill });
  }

  /** Runs several tokens of one sequence and appends them to its row of the cache. */
  async prefill(
    cache: KeyValueCache,
    row: number,
    tokens: Int32Array,
    mask: ExpertMask | null = null,
  ): Promise<Step> {
    const start = cache.length(row);
    cache.reserve(start + tokens.length);
    const positions = Int32Array.from(tokens, (_, i) => start + i);
    const masks = new Array<ExpertMask | null>(tokens.length).fill(mask);
    const results = await this.#prefill.run({
      ...this.#feeds(tokens, positions, masks),
      ...cache.feeds(row, 1),
      last: tensor(Int32Array.of(tokens.length - 1), [1]),
    });
    cache.append(row, floats(results.cache!), 0, tokens.length);
    return toStep(results);
  }

  /** Runs one token of every row of the cache, `tokens` `[rows]`, and appends them. */
  async decode(
    cache: KeyValueCache,
    tokens: Int32Array,
    masks: readonly (ExpertMask | null)[] = [],
  ): Promise<Step> {
    const positions = Int32Array.from(tokens, (_, row) => cache.length(row));
    cache.reserve(Math.max(...positions) + 1);
    const results = await this.#decode.run({
      ...this.#feeds(tokens, positions, masks),
      ...cache.feeds(0, cache.rows),
    });
    const fresh = floats(results.cache!);
    for (let row = 0; row < cache.rows; row++) cache.append(row, fresh, row, 1);
    return toStep(results);
  }

  #feeds(
    tokens: Int32Array,
    positions: Int32Array,
    masks: readonly (ExpertMask | null)[],
  ): Record<string, Tensor> {
    const { hiddenSize, headSize, layers, experts, contextSize } = this.config;
    const rows = tokens.length;
    const half = headSize / 2;
    const x = new Float32Array(rows * hiddenSize);
    embed(this.#embedding, tokens, x);
    const cos = new Float32Array(rows * half);
    const sin = new Float32Array(rows * half);
    const expertMask = new Float32Array(rows * layers * experts);
    positions.forEach((position, i) => {
      if (position >= contextSize)
        throw new RangeError(`position ${position} is beyond the context of ${contextSize}`);
      cos.set(this.#rotary.cos.subarray(position * half, (position + 1) * half), i * half);
      sin.set(this.#rotary.sin.subarray(position * half, (position + 1) * half), i * half);
      const mask = masks[i] ?? null;
      if (mask !== null) expertMask.set(mask, i * layers * experts);
    });
    return {
      ...this.#packed,
      x: tensor(x, [rows, hiddenSize]),
      cos: tensor(cos, [rows, 1, half]),
      sin: tensor(sin, [rows, 1, half]),
      expertMask: tensor(expertMask, [rows, layers * experts]),
    };
  }

  async dispose(): Promise<void> {
    await this.#decode.dispose();
    await this.#prefill.dispose();
  }
}

function toStep(results: Readonly<Record<string, Tensor>>): Step {
  return {
    logits: floats(results.logits!),
    chosen: results.chosen!.data as BigInt64Array,
    gates: floats(results.gates!),
  };
}
