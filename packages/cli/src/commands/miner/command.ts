import { Option } from '@commander-js/extra-typings';
import { newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { newRoleCommand } from '../../command/role-flags.ts';
import { BEHAVIOURS } from '../../network/behaviour.ts';
import { startMinerOptions } from './options.ts';

export function minerCommand(context: CommandContext) {
  const start = newRoleCommand(context)
    .description('Run a miner: train the assigned expert group each round, commit, and reveal.')
    .addOption(
      new Option('--behaviour <behaviour>', 'honest, or one of the lab’s hostile ones, for testing a network')
        .choices(BEHAVIOURS)
        .default('honest' as const),
    )
    .action(async (raw) => {
      const options = parseOptions(startMinerOptions, raw);
      const { startMiner } = await import('./handler.ts');
      await startMiner(options, context);
    });
  return newCommandGroup('miner', context).description('A miner, as a process of its own.').addCommand(start);
}
