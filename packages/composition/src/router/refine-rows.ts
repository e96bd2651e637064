import { adamWState, adamWStep, type Backend, floats, globalNorm, tensor } from '@connito/engine';
import {
  type Checkpoint,
  GradientPass,
  inputsAndTargets,
  LAYER,
  layerPrefix,
  type Sequences,
} from '@connito/model';

/** What a model is worth: the lower, the better; and the weight of each text's mean loss in the steps that follow. */
export type Score = { readonly worst: number; readonly weights: ReadonlyMap<string, number> };

export type RefineOptions = {
  /** The first added expert: rows below it are the base's and stay as they are. */
  readonly firstRow: number;
  /** Layers whose added rows are refined. */
  readonly layers: readonly number[];
  readonly steps: number;
  /** Sequences of each text in one step. */
  readonly sequences: number;
  /** Of the first step; it falls linearly to zero. */
  readonly learningRate: number;
  /** The model is scored after so many steps each time, and after the last. */
  readonly checkEvery: number;
};

export type Refined = {
  readonly model: Checkpoint;
  /** The step after which the model is as it is here; 0: no step was better than none. */
  readonly step: number;
};

/**
 * Gradient descent on the rows of added experts alone, from where they are: the weighted sum of the whole model's losses on all
 * texts, with the weights that the last score gave. Returns the model with the lowest `score` of all that were scored, the one it began with among them; scores should come
 * from text that is not refined on. The base's rows and all experts stay as they are, bit for bit. Unlike rows in closed form,
 * refined rows depend on each other: adding a specialist later means refining again.
 */
export async function refineRows(
  backend: Backend,
  model: Checkpoint,
  texts: ReadonlyMap<string, Sequences>,
  { firstRow, layers, steps, sequences, learningRate, checkEvery }: RefineOptions,
  score: (model: Checkpoint, step: number) => Promise<Score>,
  signal?: AbortSignal,
): Promise<Refined> {
  const { config } = model;
  const [first] = texts.values();
  if (first === undefined) throw new RangeError('no text to refine on');
  const { tokens } = first;
  const names = layers.map((layer) => layerPrefix(layer) + LAYER.router);
  const copyOf = (from: Checkpoint): Checkpoint => {
    const parameters = new Map(from.parameters);
    for (const name of names) {
      const rows = from.parameters.get(name)!;
      parameters.set(name, tensor(floats(rows).slice(), rows.shape));
    }
    return { config, parameters };
  };
  const current = copyOf(model);
  let best: Refined = { model, step: 0 };
  let { worst: lowest, weights } = await score(model, 0);
  const pass = await GradientPass.create(backend, config, {
    shape: { sequences, tokens },
    trained: new Set(names),
    rematerialization: 'keep',
    balanceWeight: 0,
  });
  try {
    const moments = names.map((name) => adamWState(floats(model.parameters.get(name)!).length));
    const sums = moments.map(({ m }) => new Float32Array(m.length));
    for (let step = 1; step <= steps; step++) {
      for (const sum of sums) sum.fill(0);
      for (const [kind, text] of texts) {
        signal?.throwIfAborted();
        const weight = weights.get(kind)!;
        const batch = batchOf(text, (step - 1) * sequences, sequences);
        const { inputs, targets } = inputsAndTargets(batch, sequences, tokens);
        await pass.run(current.parameters, inputs, targets);
        for (const [i, name] of names.entries()) {
          const gradient = floats(pass.gradients.get(name)!);
          const sum = sums[i]!;
          // Below that it stays exactly zero, which leaves a parameter as it is, moments and all.
          for (let at = firstRow * config.hiddenSize; at < sum.length; at++)
            sum[at]! += weight * gradient[at]!;
        }
      }
      const norm = globalNorm(sums);
      const adamW = { ...ADAM_W, learningRate: learningRate * (1 - (step - 1) / steps) };
      for (const [i, name] of names.entries()) {
        const rows = floats(current.parameters.get(name)!);
        adamWStep(rows, sums[i]!, moments[i]!, step, adamW, norm > 1 ? 1 / norm : 1);
      }
      if (step % checkEvery !== 0 && step !== steps) continue;
      const found = await score(current, step);
      weights = found.weights;
      if (!(found.worst < lowest)) continue;
      lowest = found.worst;
      best = { model: copyOf(current), step };
    }
  } finally {
    await pass.dispose();
  }
  return best;
}

const ADAM_W = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 };

/**
 * `count` sequences from number `from` on, in an order in which any few are from all over the text, and from the start again when
 * they are used up: `[count, tokens + 1]`.
 */
function batchOf({ data, count: available, tokens }: Sequences, from: number, count: number): Int32Array {
  const width = tokens + 1;
  const stride = coprimeNear(available * GOLDEN_SECTION, available);
  const batch = new Int32Array(count * width);
  for (let i = 0; i < count; i++) {
    const row = ((from + i) * stride) % available;
    batch.set(data.subarray(row * width, (row + 1) * width), i * width);
  }
  return batch;
}

const GOLDEN_SECTION = 0.618;

/** The largest whole number not above `value` that shares no factor with `count`; at least 1. */
function coprimeNear(value: number, count: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let found = Math.max(1, Math.floor(value));
  while (divisor(found, count) !== 1) found -= 1;
  return found;
}
