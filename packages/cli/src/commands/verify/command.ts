import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import type { ExitCode } from '../../exit-codes.ts';
import { UP_DEFAULTS } from '../up/options.ts';
import { verifyOptions } from './options.ts';

const HELP = `
Recomputes every check, loss, score, merge, vote, state and payout from what is public, and trusts no node's word. Ends with
4 on any difference. What a single validator misreported without effect is a finding, which names it and is no difference.

With --json, every line is an object; each round has one, and the last is the summary:
  {"type":"summary","ok":…,"rounds":…,"differences":[…],"findings":[…]}`;

export function verifyCommand(context: CommandContext, onExitCode: (code: ExitCode) => void) {
  return newCommand('verify', context)
    .description('Recompute finished rounds from public artifacts alone, and name every difference.')
    .option('--dir <dir>', "the network's directory", UP_DEFAULTS.dir)
    .option('--archive <file>', 'verify an archive made by "connito rounds export" instead')
    .option('--round <n>', 'this round only')
    .option('--all', 'all finished rounds (the default)')
    .option('--model <dir>', "folder of the base model (default: the network's, or the one in the archive)")
    .option('--head <hash>', 'expected hash of the last recorded block, as a node you trust knows it')
    .option('--no-losses', 'measure nothing: losses are taken as reported, all else is recomputed')
    .option('--threads <n>', 'threads for computing', '1')
    .addHelpText('after', HELP)
    .action(async (raw) => {
      const options = parseOptions(verifyOptions, raw);
      const { verify } = await import('./handler.ts');
      onExitCode(await verify(options, context));
    });
}
