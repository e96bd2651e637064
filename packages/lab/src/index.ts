/**
 * Hostile miners for local networks: each is a strategy that differs from an honest miner in its delta alone.
 *
 * @example
 * await runMiner({ ...options, strategy: behaviours.copycat() }, signal);
 */
import type { MinerStrategy } from '@connito/miner';
import { copycat } from './copycat.ts';
import { overflow } from './overflow.ts';

export { LocalNetwork, type LocalNetworkOptions } from './local-network.ts';
export { createSmallRun, writeTinyModel } from './small-run.ts';
export { copycat, overflow };

/** Hostile strategies by the name a network's configuration uses. */
export const behaviours = { copycat, overflow } as const satisfies Record<string, () => MinerStrategy>;
