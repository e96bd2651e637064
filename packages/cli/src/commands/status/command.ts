import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { UP_DEFAULTS } from '../up/options.ts';
import { statusOptions } from './options.ts';

export function statusCommand(context: CommandContext) {
  return newCommand('status', context)
    .description('Show whether a network runs, where its chain stands, its processes and its last rounds.')
    .option('--dir <dir>', "the network's directory", UP_DEFAULTS.dir)
    .action(async (raw) => {
      const options = parseOptions(statusOptions, raw);
      const { showStatus } = await import('./handler.ts');
      await showStatus(options, context);
    });
}
