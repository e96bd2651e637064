import { Worker } from 'node:worker_threads';
import type { ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import { type Parameters, parameterShapes } from '../parameters.ts';
import type { AdamWSettings, ReplicaData, ReplicaReply, ReplicaRequest } from './data-parallel-worker.ts';
import { inputsAndTargets } from './inner-steps.ts';
import { layoutOf, type ParameterLayout, viewsOf } from './parameter-layout.ts';

export type DataParallelOptions = {
  /** Number of replicas, each on a thread of its own. */
  readonly replicas: number;
  /** Sequences of one replica's batch and tokens of a sequence. */
  readonly sequences: number;
  readonly tokens: number;
  readonly balanceWeight: number;
  /** Largest global norm of the gradient; larger ones are scaled down. */
  readonly clipNorm: number;
};

export type DataParallelStep = {
  readonly loss: number;
  readonly balanceLoss: number;
  readonly gradientNorm: number;
  /** Share of the routed rows each expert got, by layer: `[layers][experts]`, each row sums to 1. */
  readonly expertLoad: readonly (readonly number[])[];
};

/**
 * Trains all parameters with one replica of the model per thread: each computes gradients of its own batch with
 * single-threaded operations, then averages and updates its share of the parameters in shared memory.
 */
export class DataParallelTrainer {
  readonly #config: ModelConfig;
  readonly #options: DataParallelOptions;
  readonly #workers: readonly Worker[];
  readonly #layout: ParameterLayout;
  readonly #parameters: Float32Array;
  readonly #m: Float32Array;
  readonly #v: Float32Array;

  private constructor(
    config: ModelConfig,
    options: DataParallelOptions,
    workers: readonly Worker[],
    layout: ParameterLayout,
    arrays: readonly [Float32Array, Float32Array, Float32Array],
  ) {
    this.#config = config;
    this.#options = options;
    this.#workers = workers;
    this.#layout = layout;
    [this.#parameters, this.#m, this.#v] = arrays;
  }

  /** Starts the replicas at `parameters`, with the optimiser's `moments` where training goes on. */
  static async create(
    config: ModelConfig,
    options: DataParallelOptions,
    parameters: Parameters,
    moments?: { readonly m: Float32Array; readonly v: Float32Array },
  ): Promise<DataParallelTrainer> {
    const layout = layoutOf(parameterShapes(config));
    const share = (): SharedArrayBuffer => new SharedArrayBuffer(layout.size * 4);
    const [shared, m, v] = [share(), share(), share()];
    const gradients = Array.from({ length: options.replicas }, share);
    const flat = new Float32Array(shared);
    for (const { name, offset } of layout.entries)
      flat.set(parameters.get(name)!.data as Float32Array, offset);
    if (moments !== undefined) {
      new Float32Array(m).set(moments.m);
      new Float32Array(v).set(moments.v);
    }
    const workers = gradients.map((_, index) => {
      const { sequences, tokens, balanceWeight } = options;
      const data: ReplicaData = {
        config,
        index,
        sequences,
        tokens,
        balanceWeight,
        parameters: shared,
        moments: { m, v },
        gradients,
      };
      return new Worker(new URL('./data-parallel-worker.ts', import.meta.url), { workerData: data });
    });
    await Promise.all(workers.map((worker) => nextReply(worker, 'ready')));
    return new DataParallelTrainer(config, options, workers, layout, [
      flat,
      new Float32Array(m),
      new Float32Array(v),
    ]);
  }

  /** Parameters as views of shared memory: copy what must not change with the next step. */
  get parameters(): Parameters {
    return viewsOf(this.#layout, this.#parameters);
  }

  /** The optimiser's moments, flat, in the order of the model's parameters. */
  get moments(): { readonly m: Float32Array; readonly v: Float32Array } {
    return { m: this.#m, v: this.#v };
  }

  /**
   * One optimiser step; `batches` has one `[sequences, tokens + 1]` block of token ids for each replica. Throws
   * `non_finite_loss` without touching the parameters.
   */
  async step(
    step: number,
    batches: readonly Int32Array[],
    optimizer: AdamWSettings,
  ): Promise<DataParallelStep> {
    const { replicas, sequences, tokens, clipNorm } = this.#options;
    const requests = batches.map((batch) => inputsAndTargets(batch, sequences, tokens));
    const results = await this.#all('gradient', (i) => ({ kind: 'gradient', ...requests[i]! }));
    const loss = results.reduce((sum, result) => sum + result.loss, 0) / replicas;
    const norms = await this.#all('reduce', () => ({ kind: 'reduce' }));
    const gradientNorm = Math.sqrt(norms.reduce((sum, result) => sum + result.squaredNorm, 0));
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      const message = `step ${step} has loss ${loss} and gradient norm ${gradientNorm}; lower the learning rate`;
      throw new ModelError('non_finite_loss', message);
    }
    const scale = gradientNorm > clipNorm ? clipNorm / gradientNorm : 1;
    await this.#all('update', () => ({ kind: 'update', step, scale, optimizer }));
    const balanceLoss = results.reduce((sum, result) => sum + result.balanceLoss, 0) / replicas;
    return {
      loss,
      balanceLoss,
      gradientNorm,
      expertLoad: this.#expertLoad(results.map((result) => result.load)),
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #expertLoad(loads: readonly Float64Array[]): number[][] {
    const { layers, experts } = this.#config;
    return Array.from({ length: layers }, (_, layer) => {
      const counts = Array.from({ length: experts }, (_, expert) =>
        loads.reduce((sum, load) => sum + load[layer * experts + expert]!, 0),
      );
      const total = counts.reduce((a, b) => a + b, 0);
      return counts.map((count) => count / total);
    });
  }

  #all<Kind extends ReplicaRequest['kind']>(
    kind: Kind,
    request: (index: number) => Extract<ReplicaRequest, { kind: Kind }>,
  ): Promise<Extract<ReplicaReply, { kind: Kind }>[]> {
    return Promise.all(
      this.#workers.map((worker, index) => {
        const answer = nextReply(worker, kind);
        worker.postMessage(request(index));
        return answer;
      }),
    );
  }
}

function nextReply<Kind extends ReplicaReply['kind']>(
  worker: Worker,
  kind: Kind,
): Promise<Extract<ReplicaReply, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: ReplicaReply): void => {
      worker.off('error', onError);
      if (message.kind === kind) resolve(message as Extract<ReplicaReply, { kind: Kind }>);
      else reject(new Error(`a replica answered ${message.kind} instead of ${kind}`));
    };
    const onError = (error: Error): void => {
      worker.off('message', onMessage);
      reject(error);
    };
    worker.once('message', onMessage);
    worker.once('error', onError);
  });
}
