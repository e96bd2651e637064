import { marketFlag, servingFlag, servingKeyFlag, statementsFlag } from '../../command/beside-flags.ts';
import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import type { ExitCode } from '../../exit-codes.ts';
import { UP_DEFAULTS, upOptions } from './options.ts';

const HELP = `
The first start makes the network and remembers its options; a later start in the same directory goes on where it
stopped, and needs none of them. Ctrl-C stops everything in order; a second Ctrl-C at once.

With --json, every line is an object with a "type"; the last is the summary:
  {"type":"summary","secondsToFirstMerge":…,"rounds":[…],"miners":[…]}`;

export function upCommand(context: CommandContext, onExitCode: (code: ExitCode) => void) {
  const { miners, validators, domains, copycats, overflowers, dir } = UP_DEFAULTS;
  return newCommand('up', context)
    .description('Start a whole network on this machine, each node in its own process, and watch it learn.')
    .option('--dir <dir>', 'directory that holds everything of the network', dir)
    .option(
      '--model <dir>',
      'base model: a Hugging Face folder of the Qwen3-MoE family (default: the shipped one)',
    )
    .option('--miners <n>', `miners, hostile ones included (default: ${miners})`)
    .option('--validators <n>', `validators (default: ${validators})`)
    .option('--domains <list>', `domains to adapt, separated by commas (default: ${domains.join(',')})`)
    .option('--copycats <n>', `miners that copy the best work of the last round (default: ${copycats})`)
    .option('--overflowers <n>', `miners whose work breaks the model on hard text (default: ${overflowers})`)
    .option('--inner-steps <n>', 'optimiser steps of a miner in each round (default: what suits one machine)')
    .option('--codec <kind>', 'how miners encode deltas: fp16, int8 or top-k (default: int8)')
    .option('--rounds <n>', 'stop after so many rounds (default: go on until Ctrl-C)')
    .option('--port <port>', "the ledger's port; the store takes the next one (default: free ones)")
    .option('--dashboard-port <port>', 'port of the dashboard (default: 8472, or a free one if it is taken)')
    .option('--no-dashboard', 'serve no dashboard')
    .addOption(marketFlag())
    .addOption(statementsFlag())
    .addOption(servingFlag())
    .addOption(servingKeyFlag())
    .option('--no-color', 'no colours in the terminal')
    .addHelpText('after', HELP)
    .action(async (raw) => {
      const options = parseOptions(upOptions, raw);
      const { up } = await import('./handler.ts');
      onExitCode(await up(options, context));
    });
}
