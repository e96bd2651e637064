import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onnxBackend } from '@connito/engine';
import { SeededRandom, taggedHash, taggedHashHex, utf8 } from '@connito/protocol';
import { saveCheckpoint } from '../checkpoint/save-checkpoint.ts';
import type { Domain } from '../corpus/corpus.ts';
import { prepareCorpora } from '../corpus/prepare.ts';
import { domainLosses, spreadSequences } from '../evaluation/domain-losses.ts';
import { initializeParameters } from '../initialize.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { DataParallelTrainer } from '../training/data-parallel.ts';
import { ForwardPass } from '../transformer/forward-pass.ts';
import { mixtureBatches } from './mixture.ts';
import { type FoundationRecipe, learningRateAt } from './recipe.ts';
import { loadTrainingState, saveTrainingState } from './training-state.ts';

export type FoundationOptions = {
  readonly recipe: FoundationRecipe;
  readonly tokenizer: Tokenizer;
  /** Gets `config.json`, `model.safetensors` and, while training, `training-state.safetensors`. */
  readonly folder: string;
  /** Threads, each with a replica of the model; divides the recipe's sequences per step. */
  readonly replicas: number;
  /** Optimiser steps between saved states and between measurements. */
  readonly saveEverySteps: number;
  readonly evaluateEverySteps: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly onProgress: (progress: FoundationProgress) => void;
  /** Stops after the current step, with the state saved. */
  readonly signal?: AbortSignal;
};

export type FoundationProgress = {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly balanceLoss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
  /** Smallest and largest share of rows that an expert of a layer got, over all layers. */
  readonly expertLoad: readonly [number, number];
  /** Held-out loss by domain in nats per token, where it was measured at this step. */
  readonly heldOut: ReadonlyMap<Domain, number> | null;
};

export type FoundationResult = {
  readonly finished: boolean;
  readonly step: number;
  readonly seconds: number;
  readonly heldOut: ReadonlyMap<Domain, number>;
};

/** Held-out sequences measured for each domain, and their length. */
const EVALUATION = { sequences: 64, tokens: 128, batch: 16 } as const;

/**
 * Pretrains a small MoE from nothing on the `pretrain` parts of the corpora, with the load-balancing loss, and writes an
 * ordinary Hugging Face checkpoint in bfloat16. Resumes from the folder's saved state if there is one.
 */
export async function trainFoundation(options: FoundationOptions): Promise<FoundationResult> {
  const { recipe, tokenizer, folder, replicas, now } = options;
  const { config, sequencesPerStep, sequenceTokens } = recipe;
  if (sequencesPerStep % replicas !== 0) {
    throw new RangeError(`${sequencesPerStep} sequences a step do not divide over ${replicas} threads`);
  }
  await mkdir(folder, { recursive: true });
  const statePath = join(folder, 'training-state.safetensors');
  const recipeHash = taggedHashHex('connito/1/foundation-recipe', utf8(JSON.stringify(recipe)));
  const saved = await loadTrainingState(statePath, recipeHash);

  const domains = Object.keys(recipe.mixture) as Domain[];
  const shards = new Map<Domain, Awaited<ReturnType<typeof prepareCorpora>>[number]['shard']>();
  const heldOut = new Map<Domain, ReturnType<typeof spreadSequences>>();
  for (const { domain, part, shard } of await prepareCorpora({
    tokenizer,
    domains,
    parts: ['pretrain', 'reporting'],
  })) {
    if (part === 'pretrain') shards.set(domain, shard);
    else heldOut.set(domain, spreadSequences(shard, EVALUATION.tokens, EVALUATION.sequences));
  }
  const batches = mixtureBatches(recipe, shards);
  const random = new SeededRandom(taggedHash('connito/1/foundation-parameters', utf8(recipe.seed)));
  const trainer = await DataParallelTrainer.create(
    config,
    {
      replicas,
      sequences: sequencesPerStep / replicas,
      tokens: sequenceTokens,
      balanceWeight: recipe.balanceWeight,
      clipNorm: recipe.clipNorm,
    },
    saved?.parameters ?? initializeParameters(config, random),
    saved ?? undefined,
  );
  const backend = onnxBackend({ threads: replicas });
  const forward = await ForwardPass.create(backend, config, {
    sequences: EVALUATION.batch,
    tokens: EVALUATION.tokens,
  });

  let step = saved?.step ?? 0;
  for (let i = 0; i < step; i++) batches.next();
  const before = saved?.seconds ?? 0;
  const start = now();
  const seconds = (): number => before + (now() - start) / 1000;
  const save = (): Promise<void> =>
    saveTrainingState(statePath, recipeHash, {
      step,
      seconds: seconds(),
      parameters: trainer.parameters,
      ...trainer.moments,
    });
  const measure = (): Promise<Map<Domain, number>> => domainLosses(forward, trainer.parameters, heldOut);
  try {
    const firstStep = step;
    while (step < recipe.steps && options.signal?.aborted !== true) {
      const next = step + 1;
      const learningRate = learningRateAt(recipe, next);
      const result = await trainer.step(next, divide(batches.next().value, replicas), {
        ...recipe,
        learningRate,
      });
      step = next;
      const elapsed = (now() - start) / 1000;
      const perStep = elapsed / (step - firstStep);
      const due = step % options.evaluateEverySteps === 0;
      options.onProgress({
        step,
        steps: recipe.steps,
        loss: result.loss,
        balanceLoss: result.balanceLoss,
        gradientNorm: result.gradientNorm,
        learningRate,
        tokensPerSecond: (sequencesPerStep * sequenceTokens) / perStep,
        secondsLeft: perStep * (recipe.steps - step),
        expertLoad: [Math.min(...result.expertLoad.flat()), Math.max(...result.expertLoad.flat())],
        heldOut: due ? await measure() : null,
      });
      if (step % options.saveEverySteps === 0) await save();
    }
    await save();
    await saveCheckpoint(folder, config, trainer.parameters, 'BF16');
    return { finished: step >= recipe.steps, step, seconds: seconds(), heldOut: await measure() };
  } finally {
    await trainer.stop();
    await forward.dispose();
  }
}

function divide(batch: Int32Array, parts: number): Int32Array[] {
  const size = batch.length / parts;
  return Array.from({ length: parts }, (_, i) => batch.slice(i * size, (i + 1) * size));
}
