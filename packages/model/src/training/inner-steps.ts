import {
  type AdamWState,
  adamWState,
  adamWStep,
  floats,
  globalNorm,
  type Tensor,
  tensor,
} from '@connito/engine';
import { ModelError } from '../errors.ts';
import type { Parameters } from '../parameters.ts';
import type { GradientPass } from './gradient-pass.ts';

/** The inner optimiser of a run definition. */
export type InnerOptions = {
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest global norm of the gradients of all trained tensors together. */
  readonly clipNorm: number;
};

export type InnerResult = {
  /** θ_local − θ_global of every trained tensor, to be added. */
  readonly delta: ReadonlyMap<string, Tensor>;
  /** Training loss of every step before its update, in nats per token. */
  readonly losses: readonly number[];
  readonly trainedTokens: number;
};

/**
 * DiLoCo's inner steps (Douillard et al. 2023) on an expert group: AdamW from fresh moments on the pass's trained
 * parameters, all else frozen. One step for each batch `[sequences, tokens + 1]`. `parameters` is not changed. Throws
 * `non_finite_loss` rather than return a broken delta, and the signal's reason when aborted between steps.
 */
export async function innerSteps(
  pass: GradientPass,
  parameters: Parameters,
  batches: Iterable<Int32Array>,
  options: InnerOptions,
  onStep: (step: number, loss: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<InnerResult> {
  const { shape, trained } = pass.options;
  const local = new Map(parameters);
  const moments = new Map<string, AdamWState>();
  for (const name of trained) {
    const global = parameters.get(name)!;
    local.set(name, tensor(floats(global).slice(), global.shape));
    moments.set(name, adamWState(global.data.length));
  }
  const losses: number[] = [];
  for (const batch of batches) {
    signal?.throwIfAborted();
    const { inputs, targets } = inputsAndTargets(batch, shape.sequences, shape.tokens);
    const { loss } = await pass.run(local, inputs, targets);
    const norm = globalNorm([...pass.gradients.values()].map(floats));
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      const message = `inner step ${losses.length + 1} has loss ${loss} and gradient norm ${norm}`;
      throw new ModelError('non_finite_loss', message);
    }
    losses.push(loss);
    const step = losses.length;
    const warmup = Math.min(1, step / Math.max(1, options.warmupSteps));
    const settings = { ...options, learningRate: options.learningRate * warmup };
    const scale = norm > options.clipNorm ? options.clipNorm / norm : 1;
    for (const [name, state] of moments) {
      adamWStep(floats(local.get(name)!), floats(pass.gradients.get(name)!), state, step, settings, scale);
    }
    onStep(step, loss);
  }
  const delta = new Map<string, Tensor>();
  for (const name of trained) {
    const before = floats(parameters.get(name)!);
    const after = floats(local.get(name)!);
    delta.set(
      name,
      tensor(
        after.map((value, i) => value - before[i]!),
        local.get(name)!.shape,
      ),
    );
  }
  return { delta, losses, trainedTokens: losses.length * shape.sequences * shape.tokens };
}

/** A batch `[sequences, tokens + 1]` as inputs and the targets one position later. */
export function inputsAndTargets(
  batch: Int32Array,
  sequences: number,
  tokens: number,
): { readonly inputs: Int32Array; readonly targets: Int32Array } {
  const inputs = new Int32Array(sequences * tokens);
  const targets = new Int32Array(sequences * tokens);
  for (let row = 0; row < sequences; row++) {
    const start = row * (tokens + 1);
    inputs.set(batch.subarray(start, start + tokens), row * tokens);
    targets.set(batch.subarray(start + 1, start + tokens + 1), row * tokens);
  }
  return { inputs, targets };
}
