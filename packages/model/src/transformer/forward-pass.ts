import { type Backend, type Executable, floats, type Tensor, tensor, zerosTensor } from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { EMBEDDING, type ExpertSet, FINAL_NORM, headName, type Parameters } from '../parameters.ts';
import type { BatchShape } from './attention.ts';
import { embed } from './embedding.ts';
import { MASKED_EXPERT } from './experts.ts';
import { headGraph } from './head-graph.ts';
import { layerFeeds } from './layer-feeds.ts';
import { type LayerForwardOptions, layerForwardGraph } from './layer-graphs.ts';

/** Rows of the output head computed at a time: logits of all rows at once would be the largest tensor of the model. */
export const HEAD_ROWS = 512;

/** Largest divisor of `rows` not above `HEAD_ROWS`. */
export function headChunk(rows: number): number {
  for (let size = Math.min(rows, HEAD_ROWS); size > 1; size--) if (rows % size === 0) return size;
  return 1;
}

/** Calls back with the gates `[rows, experts]` that each layer's router chose. */
export type GateObserver = (layer: number, gates: Float32Array) => void;

export type LayersOptions = {
  readonly observe?: GateObserver;
  /** The only experts that routers may choose, in the layers named; elsewhere any. Default: the native routing. */
  readonly allowed?: ExpertSet;
  /** The first layer's attention is done already: `x` comes from `attend`. */
  readonly attended?: boolean;
};

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
  /** Parts and variants of the layer that few need, compiled when first asked for. */
  readonly #variants = new Map<string, Promise<Executable>>();

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
    { observe, allowed, attended = false }: LayersOptions = {},
  ): Promise<Tensor> {
    const masks = allowed === undefined ? null : expertMasks(this.config, allowed);
    let hidden = x;
    for (let layer = fromLayer; layer < toLayer; layer++) {
      const mask = masks?.get(layer);
      const executable = await this.#variant({
        part: attended && layer === fromLayer ? 'experts' : 'whole',
        gates: observe !== undefined,
        masked: mask !== undefined,
      });
      const feeds = { x: hidden, ...layerFeeds(this.config, parameters, layer) };
      const results = await executable.run(mask === undefined ? feeds : { ...feeds, expertMask: mask });
      hidden = results.y!;
      observe?.(layer, floats(results.gates!));
    }
    return hidden;
  }

  /** Hidden states between the attention of a layer and its experts, from those before the layer. */
  async attend(parameters: Parameters, x: Tensor, layer: number): Promise<Tensor> {
    const executable = await this.#variant({ part: 'attention' });
    const results = await executable.run({ x, ...layerFeeds(this.config, parameters, layer) });
    return results.y!;
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

  async #variant(options: LayerForwardOptions): Promise<Executable> {
    const { part = 'whole', gates = false, masked = false } = options;
    if (part === 'whole' && !gates && !masked) return this.#layer;
    const key = `${part} ${gates} ${masked}`;
    let variant = this.#variants.get(key);
    if (variant === undefined) {
      variant = this.#backend.compile(layerForwardGraph(this.config, this.shape, options));
      this.#variants.set(key, variant);
    }
    return variant;
  }

  async dispose(): Promise<void> {
    await this.#layer.dispose();
    for (const variant of this.#variants.values()) await (await variant).dispose();
    await this.#head.dispose();
  }
}

/** `[experts]` for each layer named: 0 for what may be chosen. Throws `RangeError` where a layer would be left with none. */
function expertMasks(config: ModelConfig, allowed: ExpertSet): Map<number, Tensor> {
  const masks = new Map<number, Tensor>();
  for (const [layer, experts] of allowed) {
    const known = experts.every(
      (expert) => Number.isInteger(expert) && expert >= 0 && expert < config.experts,
    );
    if (!(layer >= 0 && layer < config.layers) || experts.length === 0 || !known) {
      const named = experts.join(', ') || 'none';
      throw new RangeError(
        `allowed experts of layer ${layer}: ${named}; the model has ${config.layers} layers of ${config.experts}`,
      );
    }
    const mask = new Float32Array(config.experts).fill(MASKED_EXPERT);
    for (const expert of experts) mask[expert] = 0;
    masks.set(layer, tensor(mask, [config.experts]));
  }
  return masks;
}
