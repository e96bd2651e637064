import { join } from 'node:path';
import { type Log, systemClock } from '@connito/node';
import {
  connectNode,
  createRunMetrics,
  followRounds,
  meteredSession,
  openModelSession,
  type RoleOptions,
} from '@connito/run';
import { Journal } from './journal.ts';
import { createMinerMetrics } from './metrics.ts';
import { Miner } from './miner.ts';
import { honestStrategy, type MinerStrategy } from './strategy.ts';

export type MinerOptions = RoleOptions & {
  readonly log: Log;
  /** Default: train honestly. */
  readonly strategy?: MinerStrategy;
};

/**
 * Runs a miner until the signal aborts. Fails with `base_model_mismatch` where the model is not the run's, and with the
 * errors of wallet, ledger and store.
 */
export async function runMiner(options: MinerOptions, signal: AbortSignal): Promise<void> {
  const { log, strategy = honestStrategy } = options;
  const { context, keypair } = await connectNode(options);
  const metrics = createMinerMetrics(options.registry);
  const runMetrics = createRunMetrics(options.registry);
  const opened = await openModelSession(context, options);
  const session = meteredSession(opened, systemClock, (call, seconds) =>
    runMetrics.engineSeconds.observe({ call }, seconds),
  );
  try {
    const uid = await context.ledger.register(signal);
    runMetrics.neuron.set({ uid, hotkey: keypair.hotkey, run: context.run }, 1);
    const journal = await Journal.open(join(options.stateFolder, 'submissions'), context.definition);
    log.info('Miner started', { uid, hotkey: keypair.hotkey, run: context.run, strategy: strategy.name });
    const miner = new Miner({ context, keypair, session, journal, strategy, log, metrics, runMetrics });
    await followRounds({ ...context, log, metrics: runMetrics }, (point) => miner.act(point, signal), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await session.stop();
  }
}
