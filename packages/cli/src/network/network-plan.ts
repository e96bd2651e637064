import type { Behaviour } from './behaviour.ts';

/** How many of what, before anybody has a key. */
export type NetworkShape = {
  readonly domains: readonly string[];
  readonly miners: number;
  readonly validators: number;
  readonly copycats: number;
  readonly overflowers: number;
};

export type PlannedMiner = { readonly name: string; readonly behaviour: Behaviour; readonly domain: string };

/** The local network's participants: honest miners first, spread evenly over the domains, then the hostile ones. */
export function planMiners(shape: NetworkShape): readonly PlannedMiner[] {
  const honest = shape.miners - shape.copycats - shape.overflowers;
  const behaviours: Behaviour[] = [
    ...Array<Behaviour>(honest).fill('honest'),
    ...Array<Behaviour>(shape.copycats).fill('copycat'),
    ...Array<Behaviour>(shape.overflowers).fill('overflow'),
  ];
  return behaviours.map((behaviour, i) => ({
    name: `miner-${i + 1}`,
    behaviour,
    domain: shape.domains[i % shape.domains.length]!,
  }));
}

export function planValidators(shape: NetworkShape): readonly string[] {
  return Array.from({ length: shape.validators }, (_, i) => `validator-${i + 1}`);
}
