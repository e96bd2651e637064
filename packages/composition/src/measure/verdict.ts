import type { DomainLosses, LossTable } from './loss-table.ts';

/** How much a composition may lose. */
export type CompositionBounds = {
  /** Least share of what a specialist gains alone on its own domain. */
  readonly minOracleRatio: number;
  /** Largest rise of the loss on domains that no specialist is for, as a share of the base's loss. */
  readonly maxGeneralRise: number;
};

export const DEFAULT_BOUNDS: CompositionBounds = { minOracleRatio: 0.95, maxGeneralRise: 0.005 };

export type CompositionVerdict = {
  /** By the specialist's id: gain of the composition over gain of the specialist alone, on its domain. NaN where it gains nothing. */
  readonly oracleRatios: ReadonlyMap<string, number>;
  /** By domain that no specialist is for: rise of the loss as a share of the base's. */
  readonly generalRises: ReadonlyMap<string, number>;
  /** What is beyond the bounds, one sentence each. */
  readonly failures: readonly string[];
};

/** Compares a composition with the base and with each specialist alone. A loss that is not finite is a failure like any other. */
export function judgeComposition(
  { base, composition, alone }: Omit<LossTable, 'average'>,
  specialists: readonly { readonly id: string; readonly domain: string }[],
  bounds: CompositionBounds,
): CompositionVerdict {
  const failures: string[] = [];
  const oracleRatios = new Map<string, number>();
  for (const { id, domain } of specialists) {
    const before = lossOf(base, domain);
    const own = before - lossOf(alone.get(id)!, domain);
    const gain = before - lossOf(composition, domain);
    const ratio = own > 0 ? gain / own : Number.NaN;
    oracleRatios.set(id, ratio);
    if (!(own > 0)) {
      if (!(gain >= 0))
        failures.push(`${domain}: ${id} alone gains ${nats(own)}, and the composition loses ${nats(-gain)}.`);
    } else if (!(ratio >= bounds.minOracleRatio)) {
      failures.push(
        `${domain}: the composition gains ${nats(gain)}, ${percent(ratio)} of what ${id} gains alone (${nats(own)}); the bound is ${percent(bounds.minOracleRatio)}.`,
      );
    }
  }
  const trained = new Set(specialists.map(({ domain }) => domain));
  const generalRises = new Map<string, number>();
  for (const [domain, before] of base) {
    if (trained.has(domain)) continue;
    const rise = lossOf(composition, domain) / before - 1;
    generalRises.set(domain, rise);
    if (!(rise <= bounds.maxGeneralRise)) {
      failures.push(
        `${domain}: the loss rises by ${percent(rise)} over the base's; the bound is ${percent(bounds.maxGeneralRise)}.`,
      );
    }
  }
  return { oracleRatios, generalRises, failures };
}

function lossOf(losses: DomainLosses, domain: string): number {
  const loss = losses.get(domain);
  if (loss === undefined) throw new RangeError(`domain "${domain}" was not measured`);
  return loss;
}

function nats(value: number): string {
  return `${value.toFixed(4)} nats/token`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
