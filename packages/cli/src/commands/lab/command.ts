import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { EXIT_CODES, type ExitCode } from '../../exit-codes.ts';

const collect = (names: string, before: readonly string[]) => [...before, ...names.split(',')];

export function labCommand(context: CommandContext, onExitCode: (code: ExitCode) => void) {
  return newCommand('lab', context)
    .description(
      'Run attacks as live hostile miners and validators, and replay them under every merge rule. Exit code 1 if an outcome is not the required one.',
    )
    .option('--quick', 'the quick set only')
    .option(
      '--scenario <names>',
      'these scenarios only, separated by commas; may be given again',
      collect,
      [],
    )
    .option('--dir <dir>', 'keeps finished scenarios, which are not run again', '.connito-lab')
    .option('--model <dir>', 'model of the networks (default: the shipped one)')
    .option('--out <file>', 'JSON file to write all results to, for `npm run docs:attacks`')
    .action(async (raw) => {
      const { labOptions } = await import('./options.ts');
      const options = parseOptions(labOptions, raw);
      const { runLab } = await import('./handler.ts');
      onExitCode((await runLab(options, context)) ? EXIT_CODES.ok : EXIT_CODES.failure);
    });
}
