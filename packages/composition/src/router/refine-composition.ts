import type { Backend } from '@connito/engine';
import type { Checkpoint, Sequences } from '@connito/model';
import { specialistModel } from '../compose.ts';
import { type DomainLosses, Measurer } from '../measure/loss-table.ts';
import type { Placement } from '../placement/placement.ts';
import type { Specialist } from '../specialist.ts';
import { allowancesOf, worstShare } from './allowances.ts';
import { type Refined, refineRows } from './refine-rows.ts';

/** Texts by kind, named as domains are. Both hold the same kinds, every specialist's domain among them. */
export type RefinementTexts = {
  /** Gradients come from these. */
  readonly fit: ReadonlyMap<string, Sequences>;
  /** Weights, and the choice among steps, come from these. */
  readonly choice: ReadonlyMap<string, Sequences>;
};

/** Chosen on held-out text; see bench/composition. */
export const REFINEMENT = {
  steps: 160,
  sequences: 2,
  learningRate: 2e-3,
  checkEvery: 40,
  /** How many sequences of each kind of text the above were chosen with. */
  fitSequences: 128,
  choiceSequences: 48,
} as const;

/**
 * Refines the added rows of a composition. A text's weight is one over its allowance, and of the steps that are scored the one
 * counts whose worst text is furthest from the end of its allowance (`allowancesOf`).
 */
export async function refineComposition(
  backend: Backend,
  base: Checkpoint,
  specialists: readonly Specialist[],
  placement: Placement,
  composition: Checkpoint,
  { fit, choice }: RefinementTexts,
  { steps, signal, onCheck }: RefinementOptions,
): Promise<Refined> {
  const { sequences, learningRate, checkEvery } = REFINEMENT;
  await using measurer = new Measurer(backend, choice, signal);
  const alone = new Map<string, DomainLosses>();
  for (const specialist of specialists) {
    const own = new Set([specialist.domain]);
    alone.set(specialist.id, await measurer.losses(specialistModel(base, specialist), own));
  }
  const allowances = allowancesOf({ base: await measurer.losses(base), alone }, specialists);
  const total = [...allowances.values()].reduce((sum, { allowed }) => sum + 1 / allowed, 0);
  const texts = [...fit].map(([kind, text]) => ({
    sequences: text,
    weight: 1 / allowances.get(kind)!.allowed / total,
  }));
  const layers = [...placement.layers.keys()].filter((layer) =>
    placement.layers[layer]!.some((slot, expert) => expert >= base.config.experts && slot.kind === 'trained'),
  );
  // Awaited here, while the measurer lives.
  return await refineRows(
    backend,
    composition,
    texts,
    { sequences, learningRate, checkEvery, steps, firstRow: base.config.experts, layers },
    async (model, step) => {
      const share = worstShare(await measurer.losses(model), allowances);
      onCheck?.(step, share);
      return share;
    },
    signal,
  );
}

export type RefinementOptions = {
  readonly steps: number;
  readonly signal?: AbortSignal;
  /** Told how much of its allowance the worst text uses, before the first step and after each that is scored. */
  readonly onCheck?: (step: number, worst: number) => void;
};
