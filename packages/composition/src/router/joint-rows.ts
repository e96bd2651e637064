import type { Checkpoint } from '@connito/model';
import type { RowOf } from '../compose.ts';
import type { Specialist } from '../specialist.ts';
import { RIDGE } from './domain-direction.ts';
import { ridgeRows } from './ridge-rows.ts';
import { type BaseStatistics, pooledStatistics, type RoutingStatistics } from './routing-statistics.ts';

/** Softer than rows that stay as they are: gradients reach a row by tokens that two packages share, and these are more so. */
export const JOINT = { ...RIDGE, sharpness: 12 };

/**
 * Rows in closed form that tell specialists from each other as well as from general text: each kind of text that has specialists
 * counts half as the base sees it and half as they do. So the rows depend on each other, unlike those of `ridgeRows`.
 */
export function jointRows(
  base: Checkpoint,
  baseStatistics: BaseStatistics,
  specialists: readonly Pick<Specialist, 'id' | 'domain' | 'statistics'>[],
): RowOf {
  const joint = new Map<string, RoutingStatistics>(baseStatistics);
  for (const domain of new Set(specialists.map((specialist) => specialist.domain))) {
    const own = pooledStatistics(
      specialists.filter((specialist) => specialist.domain === domain).map(({ statistics }) => statistics),
    );
    const general = baseStatistics.get(domain);
    joint.set(domain, general === undefined ? own : pooledStatistics([general, own]));
  }
  return ridgeRows(base, joint, specialists, JOINT);
}
