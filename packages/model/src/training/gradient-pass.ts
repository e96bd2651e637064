import {
  type Backend,
  type Executable,
  floats,
  type Graph,
  type Tensor,
  tensor,
  zerosTensor,
} from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import {
  EMBEDDING,
  FINAL_NORM,
  headName,
  layerPrefix,
  layerShapes,
  type Parameters,
  parameterShapes,
} from '../parameters.ts';
import type { BatchShape } from '../transformer/attention.ts';
import { addEmbeddingGradient, embed } from '../transformer/embedding.ts';
import { headChunk } from '../transformer/forward-pass.ts';
import { headGraph } from '../transformer/head-graph.ts';
import { layerFeeds } from '../transformer/layer-feeds.ts';
import {
  gradientName,
  layerForwardGraph,
  layerTrainingGraphs,
  type Rematerialization,
} from '../transformer/layer-graphs.ts';

export type GradientPassOptions = {
  readonly shape: BatchShape;
  /** Full names of the parameters to differentiate by; everything else is frozen. */
  readonly trained: ReadonlySet<string>;
  readonly rematerialization: Rematerialization;
  /** Weight of each layer's load-balancing loss; 0 where routers are frozen. */
  readonly balanceWeight: number;
};

export type GradientResult = {
  /** Mean cross-entropy over the batch in nats per token: the one loss, without any auxiliary term. */
  readonly loss: number;
  /** Mean over layers of the load-balancing loss, or null if it was not computed. */
  readonly balanceLoss: number | null;
};

/** What one layer does in a pass. A layer below the lowest trained one only runs forward. */
type LayerPlan =
  | { readonly kind: 'frozen'; readonly forward: Executable }
  | {
      readonly kind: 'trained';
      readonly forward: Executable;
      readonly backward: Executable;
      readonly kept: readonly string[];
      /** Trained names within the layer. */
      readonly trained: readonly string[];
      readonly inputGradient: boolean;
    };

/**
 * Loss and gradients of the mean cross-entropy over batches of one shape. Weight gradients are computed for the trained
 * parameters only, input gradients only above the lowest trained layer.
 */
export class GradientPass {
  readonly options: GradientPassOptions;
  readonly #config: ModelConfig;
  readonly #plans: readonly LayerPlan[];
  readonly #head: Executable;
  readonly #executables: readonly Executable[];
  readonly #gradients: ReadonlyMap<string, Tensor>;

  private constructor(
    config: ModelConfig,
    options: GradientPassOptions,
    plans: readonly LayerPlan[],
    head: Executable,
    executables: readonly Executable[],
    gradients: ReadonlyMap<string, Tensor>,
  ) {
    this.options = options;
    this.#config = config;
    this.#plans = plans;
    this.#head = head;
    this.#executables = executables;
    this.#gradients = gradients;
  }

  static async create(
    backend: Backend,
    config: ModelConfig,
    options: GradientPassOptions,
  ): Promise<GradientPass> {
    const { shape, trained, rematerialization } = options;
    const shapes = parameterShapes(config);
    for (const name of trained) {
      if (!shapes.has(name)) throw new RangeError(`the model has no parameter "${name}" to train`);
    }
    const compiled = new Map<string, LayerPlan>();
    const executables: Executable[] = [];
    const compile = async (graph: Graph): Promise<Executable> => {
      const executable = await backend.compile(graph);
      executables.push(executable);
      return executable;
    };
    const balance = options.balanceWeight > 0;
    const plans: LayerPlan[] = [];
    let gradientBelow = trained.has(EMBEDDING);
    for (let layer = 0; layer < config.layers; layer++) {
      const own = [...layerShapes(config).keys()].filter((name) => trained.has(layerPrefix(layer) + name));
      const isTrained = own.length > 0 || gradientBelow;
      const key = isTrained ? `${gradientBelow} ${own.join()}` : 'frozen';
      let plan = compiled.get(key);
      if (plan === undefined && !isTrained) {
        plan = { kind: 'frozen', forward: await compile(layerForwardGraph(config, shape)) };
      } else if (plan === undefined) {
        const spec = { trained: own, inputGradient: gradientBelow, balance, rematerialization };
        const graphs = layerTrainingGraphs(config, shape, spec);
        plan = {
          kind: 'trained',
          forward: await compile(graphs.forward),
          backward: await compile(graphs.backward),
          kept: graphs.kept,
          trained: own,
          inputGradient: gradientBelow,
        };
      }
      compiled.set(key, plan);
      plans.push(plan);
      gradientBelow ||= own.length > 0;
    }
    const rows = headChunk(shape.sequences * shape.tokens);
    const parameters = trained.has(headName(config)) || trained.has(FINAL_NORM);
    const head = await compile(headGraph(config, rows, { inputGradient: gradientBelow, parameters }));
    const gradients = new Map<string, Tensor>();
    for (const name of trained) gradients.set(name, zerosTensor(shapes.get(name)!));
    return new GradientPass(config, options, plans, head, executables, gradients);
  }

  /** Gradients of the last `run`, by full name. The tensors are reused by the next one. */
  get gradients(): ReadonlyMap<string, Tensor> {
    return this.#gradients;
  }

  /**
   * Loss and gradients at `parameters` for `inputs` and `targets`, each `[sequences, tokens]`. `observe` sees the gates of
   * each layer, where the load-balancing loss is computed.
   */
  async run(
    parameters: Parameters,
    inputs: Int32Array,
    targets: Int32Array,
    observe?: (layer: number, gates: Float32Array) => void,
  ): Promise<GradientResult> {
    const config = this.#config;
    const rows = inputs.length;
    const embedded = zerosTensor([rows, config.hiddenSize]);
    embed(parameters.get(EMBEDDING)!, inputs, floats(embedded));

    const saved: Record<string, Tensor>[] = [];
    let balanceTotal = 0;
    let x: Tensor = embedded;
    for (const [layer, plan] of this.#plans.entries()) {
      const results = await plan.forward.run({ x, ...layerFeeds(config, parameters, layer) });
      const kept: Record<string, Tensor> = {};
      if (plan.kind === 'trained') {
        kept.x = x;
        for (const name of plan.kept) kept[name] = results[name]!;
        if (results.balanceLoss !== undefined) balanceTotal += floats(results.balanceLoss)[0]!;
        if (results.gates !== undefined) observe?.(layer, floats(results.gates));
      }
      saved.push(kept);
      x = results.y!;
    }

    for (const gradient of this.#gradients.values()) floats(gradient).fill(0);
    const { loss, dx } = await this.#runHead(parameters, x, targets);

    let dy = dx;
    const balanceWeight = tensor(Float32Array.of(this.options.balanceWeight), []);
    for (let layer = this.#plans.length - 1; layer >= 0; layer--) {
      const plan = this.#plans[layer]!;
      if (plan.kind === 'frozen' || dy === null) break;
      const into: Record<string, Tensor> = {};
      for (const name of plan.trained)
        into[gradientName(name)] = this.#gradients.get(layerPrefix(layer) + name)!;
      const feeds = { ...layerFeeds(config, parameters, layer), ...saved[layer]!, dy, balanceWeight };
      const results = await plan.backward.run(feeds, into);
      saved[layer] = {};
      dy = plan.inputGradient ? results.dx! : null;
    }
    const embeddingGradient = this.#gradients.get(EMBEDDING);
    if (embeddingGradient !== undefined && dy !== null) {
      addEmbeddingGradient(floats(embeddingGradient), config.hiddenSize, inputs, floats(dy));
    }
    return { loss, balanceLoss: this.options.balanceWeight > 0 ? balanceTotal / config.layers : null };
  }

  async #runHead(
    parameters: Parameters,
    x: Tensor,
    targets: Int32Array,
  ): Promise<{ loss: number; dx: Tensor | null }> {
    const config = this.#config;
    const { hiddenSize } = config;
    const rows = targets.length;
    const chunk = headChunk(rows);
    const name = headName(config);
    const upstream = tensor(new Float32Array(chunk).fill(1 / rows), [chunk]);
    const wantsDx = this.#head.outputNames.includes('dx');
    const dx = wantsDx ? zerosTensor([rows, hiddenSize]) : null;
    const part = (whole: Tensor, start: number): Tensor =>
      tensor(floats(whole).subarray(start * hiddenSize, (start + chunk) * hiddenSize), [chunk, hiddenSize]);
    let total = 0;
    for (let start = 0; start < rows; start += chunk) {
      const feeds = {
        x: part(x, start),
        targets: tensor(targets.subarray(start, start + chunk), [chunk]),
        upstream,
        [FINAL_NORM]: parameters.get(FINAL_NORM)!,
        [name]: parameters.get(name)!,
      };
      const results = await this.#head.run(feeds, dx === null ? {} : { dx: part(dx, start) });
      for (const value of floats(results.losses!)) total += value;
      for (const trained of [FINAL_NORM, name]) {
        const sum = this.#gradients.get(trained);
        const addend = results[`d ${trained}`];
        if (sum !== undefined && addend !== undefined) addTo(floats(sum), floats(addend));
      }
    }
    return { loss: total / rows, dx };
  }

  async dispose(): Promise<void> {
    for (const executable of this.#executables) await executable.dispose();
  }
}

function addTo(sum: Float32Array, addend: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + addend[i]!;
}
