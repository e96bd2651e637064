import { runMiner } from '@connito/miner';
import type { CommandContext } from '../../command/context.ts';
import { roleOptionsOf, runRole } from '../../command/role.ts';
import type { StartMinerOptions } from './options.ts';
import { strategyOf } from './strategy-of.ts';

/** Runs a miner until it is asked to stop. */
export async function startMiner(options: StartMinerOptions, context: CommandContext): Promise<void> {
  await runRole(context, { role: 'miner', name: options.name }, (log, signal) =>
    runMiner({ ...roleOptionsOf(options), log, strategy: strategyOf(options.behaviour) }, signal),
  );
}
