import { floats } from '@connito/engine';
import { type Checkpoint, LAYER, layerPrefix } from '@connito/model';
import type { RowOf } from '../compose.ts';
import type { Specialist } from '../specialist.ts';
import { domainDirection, RIDGE, type RidgeOptions } from './domain-direction.ts';
import { type BaseStatistics, pooledStatistics, type RoutingStatistics } from './routing-statistics.ts';
import { spareRow } from './spare-row.ts';

/**
 * Rows in closed form: an added expert keeps the row of the base's expert it stands for, plus its specialist's direction. All
 * experts a specialist adds share the direction, so among themselves they are chosen, and weighted, exactly as the base
 * chooses; the direction only decides whether a token goes to them or to the base's.
 */
export function ridgeRows(
  base: Checkpoint,
  baseStatistics: BaseStatistics,
  specialists: readonly Pick<Specialist, 'id' | 'domain' | 'statistics'>[],
  options: RidgeOptions = RIDGE,
): RowOf {
  const { hiddenSize } = base.config;
  const all = pooledStatistics([...baseStatistics.values()]);
  const others = new Map<string, RoutingStatistics>();
  for (const { id, domain } of specialists) {
    const kinds = [...baseStatistics].filter(([kind]) => kind !== domain);
    others.set(id, kinds.length === 0 ? all : pooledStatistics(kinds.map(([, statistics]) => statistics)));
  }
  const directions = new Map<string, Float64Array>();
  return (layer, slot) => {
    const native = floats(base.parameters.get(layerPrefix(layer) + LAYER.router)!);
    const statistics = all.layers[layer]!;
    const cached = (key: string, solve: () => Float64Array): Float64Array => {
      const direction = directions.get(key) ?? solve();
      directions.set(key, direction);
      return direction;
    };
    switch (slot.kind) {
      case 'spare':
        return cached(`${layer}`, () => spareRow(statistics, native));
      case 'base':
        throw new RangeError(`base expert ${slot.expert} of layer ${layer} has a row already`);
      case 'trained':
      case 'companion': {
        const direction = cached(`${layer} ${slot.specialist}`, () => {
          const own = specialists.find(({ id }) => id === slot.specialist)!.statistics.layers[layer]!;
          const other = others.get(slot.specialist)!.layers[layer]!;
          return domainDirection(other, own, native, options);
        });
        return direction.map((value, i) => native[slot.expert * hiddenSize + i]! + value);
      }
    }
  };
}
