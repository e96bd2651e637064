import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { EXIT_CODES, type ExitCode } from '../../exit-codes.ts';
import { UP_DEFAULTS } from '../up/options.ts';
import { doctorOptions } from './options.ts';

export function doctorCommand(context: CommandContext, onExitCode: (code: ExitCode) => void) {
  return newCommand('doctor', context)
    .description(
      'Check that this machine can run a network: each finding with a remedy. Exit code 3 if any fails.',
    )
    .option('--dir <dir>', "the network's directory, present or future", UP_DEFAULTS.dir)
    .option('--model <dir>', 'base model to check (default: the network’s, else the shipped one)')
    .option('--port <port>', 'port that the ledger is to listen on; the store takes the next one')
    .action(async (raw) => {
      const options = parseOptions(doctorOptions, raw);
      const { runDoctor } = await import('./handler.ts');
      onExitCode((await runDoctor(options, context)) ? EXIT_CODES.ok : EXIT_CODES.environment);
    });
}
