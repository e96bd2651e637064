import { runMiner } from '@connito/miner';
import type { CommandContext } from '../../command/context.ts';
import { roleOptionsOf, runRole } from '../../command/role.ts';
import type { StartMinerOptions } from './options.ts';
import { strategyOf } from './strategy-of.ts';

/** Runs a miner until it is asked to stop. */
export async function startMiner(options: StartMinerOptions, context: CommandContext): Promise<void> {
  await runRole(context, { role: 'miner', ...options }, (log, signal, registry) => {
    const strategy = strategyOf(options.behaviour);
    return runMiner({ ...roleOptionsOf(options), log, registry, strategy }, signal);
  });
}
