import { newCommand, newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import type { ExitCode } from '../../exit-codes.ts';
import { trainFoundationOptions } from './options.ts';

export function foundationCommand(context: CommandContext, onExitCode: (code: ExitCode) => void) {
  const train = newCommand('train', context)
    .description(
      'Pretrain a small Mixture-of-Experts model from nothing, as an ordinary Hugging Face checkpoint.',
    )
    .requiredOption('--out <dir>', 'folder for the checkpoint, its tokenizer, its log and its model card')
    .option('--steps <n>', 'optimiser steps (default: those of the recipe)')
    .option('--threads <n>', 'threads, each with a replica of the model; must divide the batch', '2')
    .option('--resume', 'go on with the training state in the folder')
    .addHelpText('after', '\nCtrl-C stops after the current step with the state saved; --resume goes on.')
    .action(async (raw) => {
      const options = parseOptions(trainFoundationOptions, raw);
      const { trainFoundationModel } = await import('./handler.ts');
      onExitCode(await trainFoundationModel(options, context));
    });
  return newCommandGroup('foundation', context).description('Foundation models.').addCommand(train);
}
