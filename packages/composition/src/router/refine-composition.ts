import type { Backend } from '@connito/engine';
import type { Checkpoint } from '@connito/model';
import { specialistModel } from '../compose.ts';
import { type DomainLosses, Measurer } from '../measure/loss-table.ts';
import type { Placement } from '../placement/placement.ts';
import type { Specialist } from '../specialist.ts';
import { allowancesOf, sharesOf, weightsOf } from './allowances.ts';
import { type Refined, refineRows } from './refine-rows.ts';
import type { RefinementTexts } from './refinement-texts.ts';

/** Chosen on held-out text; see bench/composition. */
export const REFINEMENT = {
  steps: 240,
  sequences: 4,
  learningRate: 1e-3,
  checkEvery: 60,
} as const;

/**
 * Refines the added rows of a composition, which should start as `jointRows`. What is lowered is the smooth maximum of the shares
 * of their allowances that texts use (`allowancesOf`, `weightsOf`), and of the steps that are scored the one counts whose worst text
 * uses least.
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
  const layers = [...placement.layers.keys()].filter((layer) =>
    placement.layers[layer]!.some((slot, expert) => expert >= base.config.experts && slot.kind === 'trained'),
  );
  // Awaited here, while the measurer lives.
  return await refineRows(
    backend,
    composition,
    fit,
    { sequences, learningRate, checkEvery, steps, firstRow: base.config.experts, layers },
    async (model, step) => {
      const shares = sharesOf(await measurer.losses(model), allowances);
      onCheck?.(step, shares);
      return { worst: Math.max(...shares.values()), weights: weightsOf(shares, allowances) };
    },
    signal,
  );
}

export type RefinementOptions = {
  readonly steps: number;
  readonly signal?: AbortSignal;
  /** Told how much of its allowance each text uses, before the first step and after each that is scored. */
  readonly onCheck?: (step: number, shares: ReadonlyMap<string, number>) => void;
};
