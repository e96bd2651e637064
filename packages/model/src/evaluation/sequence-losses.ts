import type { Tensor } from '@connito/engine';
import type { Parameters } from '../parameters.ts';
import type { ForwardPass } from '../transformer/forward-pass.ts';

/** Equally long token sequences, `[count, tokens + 1]`: each token after the first is a target. */
export type Sequences = { readonly count: number; readonly tokens: number; readonly data: Int32Array };

/** Hidden states of all sequences before layer `layer`, batch by batch, shared by all models equal below it. */
export type SharedPrefix = { readonly layer: number; readonly hidden: readonly Tensor[] };

/**
 * Mean loss of each sequence in nats per token, under the full model with its native routing. The last batch is filled up
 * with copies of its first sequence, which are not counted.
 */
export class SequenceLosses {
  readonly #pass: ForwardPass;
  readonly #batches: readonly {
    readonly inputs: Int32Array;
    readonly targets: Int32Array;
    readonly used: number;
  }[];
  readonly #count: number;

  constructor(pass: ForwardPass, sequences: Sequences) {
    const { sequences: batchSize, tokens } = pass.shape;
    if (tokens !== sequences.tokens) {
      throw new RangeError(`the pass takes sequences of ${tokens} tokens, these have ${sequences.tokens}`);
    }
    this.#pass = pass;
    this.#count = sequences.count;
    const width = tokens + 1;
    const batches = [];
    for (let start = 0; start < sequences.count; start += batchSize) {
      const used = Math.min(batchSize, sequences.count - start);
      const inputs = new Int32Array(batchSize * tokens);
      const targets = new Int32Array(batchSize * tokens);
      for (let row = 0; row < batchSize; row++) {
        const from = (start + (row < used ? row : 0)) * width;
        inputs.set(sequences.data.subarray(from, from + tokens), row * tokens);
        targets.set(sequences.data.subarray(from + 1, from + width), row * tokens);
      }
      batches.push({ inputs, targets, used });
    }
    this.#batches = batches;
  }

  /** Hidden states before `layer` for `parameters`. */
  async prefix(parameters: Parameters, layer: number): Promise<SharedPrefix> {
    const hidden: Tensor[] = [];
    for (const { inputs } of this.#batches) {
      hidden.push(await this.#pass.layers(parameters, this.#pass.embed(parameters, inputs), 0, layer));
    }
    return { layer, hidden };
  }

  /**
   * The loss of every sequence, in order. `prefix` must come from parameters equal to these below its layer. `stopAfter`
   * is asked after each batch with the losses so far; if it returns true, only those are returned.
   */
  async measure(
    parameters: Parameters,
    prefix: SharedPrefix | null = null,
    stopAfter: (lossesSoFar: Float64Array) => boolean = () => false,
  ): Promise<Float64Array> {
    const { tokens } = this.#pass.shape;
    const losses = new Float64Array(this.#count);
    let measured = 0;
    for (const [i, { inputs, targets, used }] of this.#batches.entries()) {
      const start = prefix === null ? this.#pass.embed(parameters, inputs) : prefix.hidden[i]!;
      const hidden = await this.#pass.layers(parameters, start, prefix?.layer ?? 0, this.#pass.config.layers);
      const rows = await this.#pass.losses(parameters, hidden, targets);
      for (let row = 0; row < used; row++) {
        let sum = 0;
        for (let t = 0; t < tokens; t++) sum += rows[row * tokens + t]!;
        losses[measured + row] = sum / tokens;
      }
      measured += used;
      if (measured < this.#count && stopAfter(losses.subarray(0, measured))) return losses.slice(0, measured);
    }
    return losses;
  }
}
