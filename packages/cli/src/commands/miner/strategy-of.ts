import { behaviours } from '@connito/lab';
import { honestStrategy, type MinerStrategy } from '@connito/miner';
import type { Behaviour } from '../../network/behaviour.ts';

/** How a miner of a behaviour comes to its delta. */
export function strategyOf(behaviour: Behaviour): MinerStrategy {
  return behaviour === 'honest' ? honestStrategy : behaviours[behaviour]();
}
