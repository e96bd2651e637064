import { newCommand, newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import type { ExitCode } from '../../exit-codes.ts';
import { UP_DEFAULTS } from '../up/options.ts';
import { exportOptions, replayOptions } from './options.ts';

const EXPORT_HELP = `
The archive is a plain tar file with everything "connito verify --archive" reads: ledger, run definition, reveals, bundles,
reports, merge reports, state documents, held-out texts and the base model.`;

export function roundsCommand(context: CommandContext, onExitCode: (code: ExitCode) => void) {
  const exported = newCommand('export', context)
    .description('Write finished rounds as one archive that anybody can verify.')
    .requiredOption('--out <file>', 'archive to write')
    .option('--rounds <a..b>', 'first and last round (default: all finished ones)')
    .option('--dir <dir>', "the network's directory", UP_DEFAULTS.dir)
    .option('--no-model', 'leave the base model out; who verifies must have it')
    .addHelpText('after', EXPORT_HELP)
    .action(async (raw) => {
      const options = parseOptions(exportOptions, raw);
      const { exportArchive } = await import('./export-handler.ts');
      onExitCode(await exportArchive(options, context));
    });
  const replayed = newCommand('replay', context)
    .description('Show a past run in the terminal view, from its log.')
    .option('--dir <dir>', "the network's directory, whose log of rounds is shown", UP_DEFAULTS.dir)
    .option('--events <file>', 'show what "connito up --json" printed instead')
    .option('--interval <ms>', 'pause after each round; 0 shows the end at once', '500')
    .option('--no-color', 'no colours in the terminal')
    .action(async (raw) => {
      const options = parseOptions(replayOptions, raw);
      const { replayLog } = await import('./replay-handler.ts');
      await replayLog(options, context);
    });
  return newCommandGroup('rounds', context)
    .description('Finished rounds.')
    .addCommand(exported)
    .addCommand(replayed);
}
