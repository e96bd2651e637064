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

/** How near each text is to the end of its allowance: 0 where its loss is what it should be, 1 where its allowance is used up. */
export function sharesOf(
  losses: DomainLosses,
  allowances: ReadonlyMap<string, Allowance>,
): Map<string, number> {
  return new Map(
    [...allowances].map(([text, { aim, allowed }]) => [text, (losses.get(text)! - aim) / allowed]),
  );
}

/**
 * Weights of the texts' losses, which sum to 1: those of the gradient of log Σ exp(share), a smooth maximum of the shares. So the
 * worst text counts most, and one with allowance to spare little.
 */
export function weightsOf(
  shares: ReadonlyMap<string, number>,
  allowances: ReadonlyMap<string, Allowance>,
): Map<string, number> {
  const worst = Math.max(...shares.values());
  const raw = [...shares].map(
    ([text, share]) => [text, Math.exp(share - worst) / allowances.get(text)!.allowed] as const,
  );
  const total = raw.reduce((sum, [, weight]) => sum + weight, 0);
  return new Map(raw.map(([text, weight]) => [text, weight / total]));
}
