import type { DomainLosses, LossTable } from '../measure/loss-table.ts';
import { DEFAULT_BOUNDS } from '../measure/verdict.ts';
import type { Specialist } from '../specialist.ts';

/** What a composition's loss on a text should come to, and how far above that it may be, in nats per token. */
export type Allowance = { readonly aim: number; readonly allowed: number };

/** A specialist that gains less is treated as if it gained this much, in nats per token: next to nothing is lost with it. */
const LEAST_GAIN = 0.05;

/**
 * Allowances by text, from losses of the base and of each specialist alone: on a specialist's domain its own loss and the share of
 * its gain that the default bounds let go; elsewhere the base's loss and its largest rise. They put losses of texts into one unit,
 * in which a specialist of small gain weighs as much as one of large.
 */
export function allowancesOf(
  { base, alone }: Pick<LossTable, 'base' | 'alone'>,
  specialists: readonly Pick<Specialist, 'id' | 'domain'>[],
): Map<string, Allowance> {
  const { minOracleRatio, maxGeneralRise } = DEFAULT_BOUNDS;
  const allowances = new Map<string, Allowance>();
  for (const [text, before] of base) {
    const own = specialists
      .filter(({ domain }) => domain === text)
      .map(({ id }) => alone.get(id)!.get(text)!);
    const aim = Math.min(before, ...own);
    const allowed =
      own.length === 0 ? maxGeneralRise * before : (1 - minOracleRatio) * Math.max(before - aim, LEAST_GAIN);
    allowances.set(text, { aim, allowed });
  }
  return allowances;
}

/** How near the worst text is to the end of its allowance: 0 where each loss is what it should be, 1 where one allowance is used up. */
export function worstShare(losses: DomainLosses, allowances: ReadonlyMap<string, Allowance>): number {
  return Math.max(...[...allowances].map(([text, { aim, allowed }]) => (losses.get(text)! - aim) / allowed));
}
