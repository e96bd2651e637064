/**
 * One miner: fetches the round's state, trains its expert group on its share of the data, commits, and reveals.
 *
 * @example
 * await runMiner({ definitionPath, modelFolder, ledgerUrl, storeUrl, wallet, stateFolder, threads: 1, log }, signal);
 */
export { Journal, type StoredSubmission, type Submission } from './journal.ts';
export { createMinerMetrics, MINER_METRICS, type MinerMetrics, SCORED } from './metrics.ts';
export { Miner, type MinerDependencies } from './miner.ts';
export { type MinerOptions, runMiner } from './run-miner.ts';
export {
  groupTensorNames,
  honestStrategy,
  type MinerStrategy,
  type MinerTask,
  trainOn,
  type Work,
} from './strategy.ts';
