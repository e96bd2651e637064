import { type Backend, type Executable, floats, type Tensor, tensor, zerosTensor } from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { EMBEDDING, FINAL_NORM, headName, type Parameters } from '../parameters.ts';
import type { BatchShape } from './attention.ts';
import { embed } from './embedding.ts';
import { headGraph } from './head-graph.ts';
import { layerFeeds } from './layer-feeds.ts';
import { layerForwardGraph } from './layer-graphs.ts';

/** Rows of the output head computed at a time: logits of all rows at once would be the largest tensor of the model. */
export const HEAD_ROWS = 512;

/** Largest divisor of `rows` not above `HEAD_ROWS`. */
export function headChunk(rows: number): number {
  for (let size = Math.min(rows, HEAD_ROWS); size > 1; size--) if (rows % size === 0) return size;
  return 1;
}

/** Calls back with the gates `[rows, experts]` that each layer's router chose. */
export type GateObserver = (layer: number, gates: Float32Array) => void;

/**
 * Inference over batches of one shape: one compiled layer graph serves every layer, and a batch can be resumed at any
 * layer from its hidden states, so that candidates which differ from a layer on share everything below it.
 */
export class ForwardPass {
  readonly config: ModelConfig;
  readonly shape: BatchShape;
  readonly #backend: Backend;
  readonly #layer: Executable;
  readonly #head: Executable;
  readonly #headRows: number;
  /** Compiled when gates are first asked for: only expert selection does. */
  #layerWithGates: Executable | null = null;

  private constructor(
    backend: Backend,
    config: ModelConfig,
    shape: BatchShape,
    executables: { readonly layer: Executable; readonly head: Executable; readonly headRows: number },
  ) {
    this.#backend = backend;
    this.config = config;
    this.shape = shape;
    this.#layer = executables.layer;
    this.#head = executables.head;
    this.#headRows = executables.headRows;
  }

  static async create(backend: Backend, config: ModelConfig, shape: BatchShape): Promise<ForwardPass> {
    const headRows = headChunk(shape.sequences * shape.tokens);
    const layer = await backend.compile(layerForwardGraph(config, shape));
    const head = await backend.compile(headGraph(config, headRows));
    return new ForwardPass(backend, config, shape, { layer, head, headRows });
  }

  get rows(): number {
    return this.shape.sequences * this.shape.tokens;
  }

  /** Hidden states before the first layer, `[rows, hiddenSize]`, for `tokens` `[sequences, tokens]`. */
  embed(parameters: Parameters, tokens: Int32Array): Tensor {
    const x = zerosTensor([this.rows, this.config.hiddenSize]);
    embed(parameters.get(EMBEDDING)!, tokens, floats(x));
    return x;
  }

  /** Hidden states after layers `fromLayer … toLayer - 1`. `x` is not changed. */
  async layers(
    parameters: Parameters,
    x: Tensor,
    fromLayer: number,
    toLayer: number,
    observe?: GateObserver,
  ): Promise<Tensor> {
    const executable = observe === undefined ? this.#layer : await this.#observedLayer();
    let hidden = x;
    for (let layer = fromLayer; layer < toLayer; layer++) {
      const results = await executable.run({ x: hidden, ...layerFeeds(this.config, parameters, layer) });
      hidden = results.y!;
      observe?.(layer, floats(results.gates!));
    }
    return hidden;
  }

  /** Loss of each row in nats, `[rows]`, from the last layer's hidden states. */
  async losses(parameters: Parameters, x: Tensor, targets: Int32Array): Promise<Float32Array> {
    const { hiddenSize } = this.config;
    const rows = this.#headRows;
    const losses = new Float32Array(this.rows);
    const name = headName(this.config);
    for (let start = 0; start < this.rows; start += rows) {
      const part = floats(x).subarray(start * hiddenSize, (start + rows) * hiddenSize);
      const results = await this.#head.run({
        x: tensor(part, [rows, hiddenSize]),
        targets: tensor(targets.subarray(start, start + rows), [rows]),
        [FINAL_NORM]: parameters.get(FINAL_NORM)!,
        [name]: parameters.get(name)!,
      });
      losses.set(floats(results.losses!), start);
    }
    return losses;
  }

  async #observedLayer(): Promise<Executable> {
    this.#layerWithGates ??= await this.#backend.compile(layerForwardGraph(this.config, this.shape, true));
    return this.#layerWithGates;
  }

  async dispose(): Promise<void> {
    await this.#layer.dispose();
    await this.#layerWithGates?.dispose();
    await this.#head.dispose();
  }
}
