import { InvalidArgumentError } from '@commander-js/extra-typings';
import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { UP_DEFAULTS } from '../up/options.ts';
import { explainOptions } from './options.ts';

export function explainCommand(context: CommandContext) {
  return newCommand('explain', context)
    .description('Say why a miner got its score: every check, the measured losses, and what to do next.')
    .argument('<uid>', "the miner's uid", (text) => {
      if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
      return Number(text);
    })
    .option('--round <n>', 'round (default: the last finished one)')
    .option('--dir <dir>', "the network's directory", UP_DEFAULTS.dir)
    .action(async (uid, raw) => {
      const options = parseOptions(explainOptions, { ...raw, uid });
      const { explainScore } = await import('./handler.ts');
      await explainScore(options, context);
    });
}
