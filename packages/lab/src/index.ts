/**
 * The adversary lab: whole networks in one process, hostile miners and validators, and scenarios that pit them against honest
 * ones.
 *
 * @example
 * await runMiner({ ...options, strategy: behaviours.copycat() }, signal);
 */
import type { MinerStrategy } from '@connito/miner';
import { copycat } from './miners/copycat.ts';
import { overflow } from './miners/overflow.ts';

export { attackMatrix, type LabResults, type StoredResults } from './attack-matrix.ts';
export { Lab, type LabOptions, type LabProgress } from './lab.ts';
export {
  type Copied,
  type Evasion,
  exact,
  halved,
  mixed,
  permuted,
  requantised,
  rescaled,
} from './miners/evasion.ts';
export { late, miner, neverRevealing, revealing } from './miners/submitting.ts';
export { combined, mapUpdate, rootMeanSquare, scaled, withNoise } from './miners/update.ts';
export type { MinerBehaviour, ValidatorBehaviour } from './network/behaviour.ts';
export { LocalNetwork, type LocalNetworkOptions } from './network/local-network.ts';
export { cellName, REPLAY_CELLS, type ReplayCell } from './replay/replay.ts';
export type { ReplayResult, ScenarioResult, Verdict } from './result.ts';
export type { Scenario } from './scenario.ts';
export { SCENARIOS } from './scenarios/index.ts';
export { SharedModel } from './shared-model.ts';
export { createTinyRun, writeTinyModel } from './tiny-run.ts';
export { favouring, validator, withholding, wrongState } from './validators/lying.ts';
export { copycat, overflow };

/** Hostile strategies by the name a network's configuration uses. */
export const behaviours = { copycat, overflow } as const satisfies Record<string, () => MinerStrategy>;
