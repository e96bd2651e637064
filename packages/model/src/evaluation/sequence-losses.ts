import { floats, tensor } from '@connito/engine';
import type { ExpertSet, Parameters } from '../parameters.ts';
import type { ForwardPass, GateObserver } from '../transformer/forward-pass.ts';

/** Equally long token sequences, `[count, tokens + 1]`: each token after the first is a target. */
export type Sequences = { readonly count: number; readonly tokens: number; readonly data: Int32Array };

/**
 * Hidden states of all sequences between a layer's attention and its experts, `[count, tokens, hiddenSize]`: shared by all
 * models that are equal below the layer and in its attention.
 */
export type SharedPrefix = { readonly layer: number; readonly hidden: Float32Array };

export type MeasureOptions = {
  /** Which sequences to measure, in this order. Default: all. */
  readonly rows?: readonly number[];
  /** Must come from parameters equal to the measured ones below its layer and in its attention. */
  readonly prefix?: SharedPrefix;
  /** As `LayersOptions`: a sub-model. Not of layers below the prefix, which is computed natively. */
  readonly allowed?: ExpertSet;
  /** Told the gates of the measured sequences, batch by batch, for the layers from the prefix's up. */
  readonly observe?: GateObserver;
  /** Asked after each batch with the losses so far; if it returns true, only those are returned. */
  readonly stopAfter?: (lossesSoFar: Float64Array) => boolean;
};

/** Mean loss of each sequence in nats per token, under the full model with its native routing. */
export class SequenceLosses {
  readonly #pass: ForwardPass;
  readonly #sequences: Sequences;

  readonly #signal: AbortSignal | undefined;

  /** Measuring ends with the signal's reason between two batches once `signal` is aborted. */
  constructor(pass: ForwardPass, sequences: Sequences, signal?: AbortSignal) {
    if (pass.shape.tokens !== sequences.tokens) {
      const message = `the pass takes sequences of ${pass.shape.tokens} tokens, these have ${sequences.tokens}`;
      throw new RangeError(message);
    }
    this.#pass = pass;
    this.#sequences = sequences;
    this.#signal = signal;
  }

  /** Everything below the experts of `layer`, for all sequences. `observe` is told the gates of the layers below. */
  async prefix(parameters: Parameters, layer: number, observe?: GateObserver): Promise<SharedPrefix> {
    const size = this.#sequences.tokens * this.#pass.config.hiddenSize;
    const hidden = new Float32Array(this.#sequences.count * size);
    for (const batch of this.#batches(allRows(this.#sequences))) {
      const before = await this.#pass.layers(
        parameters,
        this.#pass.embed(parameters, batch.inputs),
        0,
        layer,
        this.#observing(observe, batch.rows.length),
      );
      const states = await this.#pass.attend(parameters, before, layer);
      batch.rows.forEach((row, i) => {
        hidden.set(floats(states).subarray(i * size, (i + 1) * size), row * size);
      });
    }
    return { layer, hidden };
  }

  async measure(parameters: Parameters, options: MeasureOptions = {}): Promise<Float64Array> {
    const { rows = allRows(this.#sequences), prefix, allowed, observe, stopAfter = () => false } = options;
    const { tokens } = this.#sequences;
    const pass = this.#pass;
    if (prefix !== undefined && allowed !== undefined && Math.min(...allowed.keys()) < prefix.layer) {
      throw new RangeError(`experts are restricted below layer ${prefix.layer}, where the prefix ends`);
    }
    const resumed = { attended: prefix !== undefined, ...(allowed === undefined ? {} : { allowed }) };
    const losses = new Float64Array(rows.length);
    let measured = 0;
    for (const batch of this.#batches(rows)) {
      const start =
        prefix === undefined ? pass.embed(parameters, batch.inputs) : this.#resume(prefix, batch.rows);
      const hidden = await pass.layers(parameters, start, prefix?.layer ?? 0, pass.config.layers, {
        ...resumed,
        ...this.#observing(observe, batch.rows.length),
      });
      const each = await pass.losses(parameters, hidden, batch.targets);
      for (let i = 0; i < batch.rows.length; i++) {
        let sum = 0;
        for (let t = 0; t < tokens; t++) sum += each[i * tokens + t]!;
        losses[measured + i] = sum / tokens;
      }
      measured += batch.rows.length;
      if (measured < rows.length && stopAfter(losses.subarray(0, measured))) return losses.slice(0, measured);
    }
    return losses;
  }

  /** Observes the gates of a batch's own sequences, not of those that fill it up. */
  #observing(observe: GateObserver | undefined, sequences: number): { readonly observe?: GateObserver } {
    if (observe === undefined) return {};
    const width = sequences * this.#sequences.tokens * this.#pass.config.experts;
    return { observe: (layer, gates) => observe(layer, gates.subarray(0, width)) };
  }

  /** Whole batches of the pass's shape. The last is filled up with zero tokens, whose losses nobody reads. */
  *#batches(rows: readonly number[]): Generator<{
    readonly rows: readonly number[];
    readonly inputs: Int32Array;
    readonly targets: Int32Array;
  }> {
    const { sequences: size, tokens } = this.#pass.shape;
    const width = tokens + 1;
    for (let start = 0; start < rows.length; start += size) {
      this.#signal?.throwIfAborted();
      const own = rows.slice(start, start + size);
      const inputs = new Int32Array(size * tokens);
      const targets = new Int32Array(size * tokens);
      own.forEach((row, i) => {
        const from = row * width;
        inputs.set(this.#sequences.data.subarray(from, from + tokens), i * tokens);
        targets.set(this.#sequences.data.subarray(from + 1, from + width), i * tokens);
      });
      yield { rows: own, inputs, targets };
    }
  }

  #resume({ hidden }: SharedPrefix, rows: readonly number[]) {
    const { shape, config, rows: total } = this.#pass;
    const size = shape.tokens * config.hiddenSize;
    const start = new Float32Array(total * config.hiddenSize);
    rows.forEach((row, i) => {
      start.set(hidden.subarray(row * size, (row + 1) * size), i * size);
    });
    return tensor(start, [total, config.hiddenSize]);
  }
}

function allRows({ count }: Sequences): number[] {
  return Array.from({ length: count }, (_, row) => row);
}
