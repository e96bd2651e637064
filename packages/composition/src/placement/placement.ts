import type { ExpertSet, ModelConfig } from '@connito/model';
import { compositionError } from '../errors.ts';
import type { RoutingStatistics } from '../router/routing-statistics.ts';
import { matricesOf } from '../specialist.ts';
import { overlapsOf } from './overlaps.ts';

/** Where the matrices of one expert of a composition come from. `expert` is its number in the base model. */
export type Slot =
  | { readonly kind: 'base'; readonly expert: number }
  /** A specialist's own, in the place of the base's or added. */
  | { readonly kind: 'trained'; readonly specialist: string; readonly expert: number }
  /** The base's, added beside a specialist's: what its tokens need besides the experts it trained. */
  | { readonly kind: 'companion'; readonly specialist: string; readonly expert: number }
  /** The base's, added so that all layers have equally many, with a row that is not chosen. */
  | { readonly kind: 'spare'; readonly expert: number };

/** Every layer's experts in order. The first ones have the base's numbers, and the base's router rows. */
export type Placement = {
  readonly experts: number;
  readonly layers: readonly (readonly Slot[])[];
  readonly inPlace: readonly string[];
  readonly added: readonly string[];
};

/**
 * - `auto`: in place where no other specialist trained the same experts, else added
 * - `in-place`: refuses overlaps
 * - `added`: all of them
 */
export type PlacementMode = 'auto' | 'in-place' | 'added';

/** The base's experts that go with a specialist's own in each layer it trained: so many, or all others. */
export type Companions = number | 'all';

/** What a placement needs to know of a specialist. */
export type Placeable = {
  readonly id: string;
  readonly experts: ExpertSet;
  readonly statistics: Pick<RoutingStatistics, 'layers'>;
};

/**
 * Decides where each specialist's experts go. Fails with `composition_conflict` naming every tensor that two claim, where the
 * mode does not allow that.
 */
export function placeSpecialists(
  specialists: readonly Placeable[],
  config: Pick<ModelConfig, 'layers' | 'experts'>,
  mode: PlacementMode,
  companions: Companions,
): Placement {
  const twice = specialists.find(({ id }, i) => specialists.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined) {
    throw compositionError('composition_conflict', `${twice.id} is given twice; name it once.`, {
      package: twice.id,
    });
  }
  const overlaps = overlapsOf(specialists);
  if (mode === 'in-place' && overlaps.length > 0) throw refuseOverlaps(overlaps);
  const contested = new Set(overlaps.flatMap((overlap) => overlap.specialists));
  const isAdded = ({ id }: Placeable): boolean => mode === 'added' || contested.has(id);

  const layers: Slot[][] = Array.from({ length: config.layers }, () =>
    Array.from({ length: config.experts }, (_, expert) => ({ kind: 'base', expert })),
  );
  for (const specialist of specialists.filter((candidate) => !isAdded(candidate))) {
    for (const [layer, experts] of specialist.experts) {
      for (const expert of experts) {
        layers[layer]![expert] = { kind: 'trained', specialist: specialist.id, expert };
      }
    }
  }
  const added = specialists.filter(isAdded);
  for (const specialist of added) {
    for (const [layer, block] of blocksOf(specialist, config, companions).entries()) {
      layers[layer]!.push(...block);
    }
  }
  return {
    experts: layers[0]!.length,
    layers,
    inPlace: specialists.filter((candidate) => !isAdded(candidate)).map(({ id }) => id),
    added: added.map(({ id }) => id),
  };
}

/**
 * What one specialist adds to each layer: its own experts, companions in the order of its text's gates, and in layers it did
 * not train spares. Equally many everywhere, because a config has one number of experts for all layers.
 */
function blocksOf(
  { id, experts, statistics }: Placeable,
  config: Pick<ModelConfig, 'layers' | 'experts'>,
  companions: Companions,
): Slot[][] {
  const largest = Math.max(...[...experts.values()].map((list) => list.length));
  const size = companions === 'all' ? config.experts : Math.min(config.experts, largest + companions);
  return Array.from({ length: config.layers }, (_, layer) => {
    const { gates } = statistics.layers[layer]!;
    const byUse = [...gates.keys()].sort((a, b) => gates[b]! - gates[a]! || a - b);
    const own = experts.get(layer) ?? [];
    if (own.length === 0) return byUse.slice(0, size).map((expert) => ({ kind: 'spare', expert }));
    const others = byUse.filter((expert) => !own.includes(expert)).slice(0, size - own.length);
    return [
      ...[...own].sort((a, b) => a - b).map((expert): Slot => ({ kind: 'trained', specialist: id, expert })),
      ...others.sort((a, b) => a - b).map((expert): Slot => ({ kind: 'companion', specialist: id, expert })),
    ];
  });
}

function refuseOverlaps(overlaps: ReturnType<typeof overlapsOf>) {
  const shown = overlaps.slice(0, 4).map(({ layer, expert, specialists }) => {
    return `${matricesOf(layer, expert)[0]} (${specialists.join(' and ')})`;
  });
  const more = overlaps.length > shown.length ? `, and ${overlaps.length - shown.length} more experts` : '';
  const message = `These tensors are trained by more than one package: ${shown.join(', ')}${more}. Only one can be in place: add the packages as experts of their own (--placement auto), or leave one out.`;
  return compositionError('composition_conflict', message, { overlaps: overlaps.length });
}
