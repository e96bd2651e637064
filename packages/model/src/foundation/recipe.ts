import type { ModelConfig } from '../config.ts';
import type { Domain } from '../corpus/corpus.ts';

/** Everything that decides what `connito foundation train` computes, but for the order of floating-point sums. */
export type FoundationRecipe = {
  /** Names all random choices: initial parameters, order of documents, domain of each sequence. */
  readonly seed: string;
  readonly config: ModelConfig;
  readonly steps: number;
  /** Sequences of a step over all replicas, and tokens of a sequence. */
  readonly sequencesPerStep: number;
  readonly sequenceTokens: number;
  /** Share of the sequences drawn from each domain; the shares sum to 1. */
  readonly mixture: Readonly<Record<Domain, number>>;
  readonly peakLearningRate: number;
  readonly warmupSteps: number;
  /** The cosine schedule ends at this share of the peak. */
  readonly finalLearningRateShare: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  /** Weight of each layer's load-balancing loss. */
  readonly balanceWeight: number;
};

/** The recipe of the shipped foundation: 7.3 M parameters, of which a token uses 2.1 M. */
export const FOUNDATION_RECIPE: FoundationRecipe = {
  seed: 'connito/foundation/1',
  config: {
    vocabularySize: 4096,
    hiddenSize: 192,
    layers: 4,
    attentionHeads: 4,
    keyValueHeads: 2,
    headSize: 64,
    experts: 16,
    expertsPerToken: 2,
    expertSize: 160,
    renormalizeGates: true,
    rmsEpsilon: 1e-6,
    ropeTheta: 10_000,
    tiedEmbeddings: true,
    contextSize: 512,
    endOfTextToken: 0,
  },
  steps: 2400,
  sequencesPerStep: 16,
  sequenceTokens: 256,
  mixture: { prose: 0.3, code: 0.35, law: 0.15, math: 0.2 },
  peakLearningRate: 3e-3,
  warmupSteps: 100,
  finalLearningRateShare: 0.05,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1,
  balanceWeight: 0.02,
};

/** Linear warm-up, then cosine decay (Loshchilov and Hutter 2017). `step` counts from 1. */
export function learningRateAt(recipe: FoundationRecipe, step: number): number {
  const { peakLearningRate, warmupSteps, finalLearningRateShare, steps } = recipe;
  if (step <= warmupSteps) return (peakLearningRate * step) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  const cosine = (1 + Math.cos(Math.PI * progress)) / 2;
  return peakLearningRate * (finalLearningRateShare + (1 - finalLearningRateShare) * cosine);
}
