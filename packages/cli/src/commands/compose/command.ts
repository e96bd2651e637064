import { Option } from '@commander-js/extra-typings';
import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { defaultWalletsPath } from '../../command/role-flags.ts';
import { defaultPackages } from '../package/command.ts';
import { composeOptions } from './options.ts';

export function composeCommand(context: CommandContext) {
  return newCommand('compose', context)
    .description(
      'Put expert packages together with their base into one model, measured before it is written.',
    )
    .requiredOption(
      '--with <packages...>',
      'folders or .tgz of packages, or name@version of installed ones; may be given again',
    )
    .requiredOption('--out <dir>', 'folder to write: a Hugging Face checkpoint and its composition.json')
    .option('--base <dir>', 'base model (default: the shipped one)')
    .option('--packages <dir>', 'where packages are installed', defaultPackages(context))
    .option('--name <name>', "the composition's name (default: that of the folder)")
    .addOption(
      new Option(
        '--placement <how>',
        'auto: in place where no other package trained the same experts, else added; in-place refuses overlaps; added: all',
      )
        .choices(['auto', 'in-place', 'added'] as const)
        .default('auto' as const),
    )
    .option(
      '--companions <n>',
      "how many of the base's experts go with those a package adds in each layer it trained, or all",
      'all',
    )
    .option(
      '--refine <steps>',
      'gradient steps on the router rows of added experts; 0 keeps them in closed form, each independent of other packages',
      '240',
    )
    .option(
      '--min-oracle-ratio <share>',
      'least share of what each package gains alone on its domain',
      '0.95',
    )
    .option('--max-general-rise <share>', 'largest rise of the loss on text that no package is for', '0.005')
    .option('--accept-worse', 'write it even if it is beyond these bounds; its manifest says so')
    .option('--sequences <n>', 'sequences measured of each domain', '128')
    .addOption(
      new Option('--type <type>', 'element type of the checkpoint')
        .choices(['F32', 'BF16'] as const)
        .default('F32' as const),
    )
    .option('--gguf <file>', 'also write a GGUF file for llama.cpp')
    .addOption(
      new Option('--gguf-type <type>', 'element type of the GGUF file')
        .choices(['F32', 'F16', 'BF16'] as const)
        .default('F32' as const),
    )
    .option('--wallets-path <dir>', "directory of wallets in Bittensor's layout", defaultWalletsPath(context))
    .option('--wallet <name>', 'wallet', 'default')
    .option('--hotkey <name>', 'hotkey that signs the composition', 'default')
    .option('--threads <n>', 'threads for computing', '2')
    .action(async (raw) => {
      const options = parseOptions(composeOptions, raw);
      const { compose } = await import('./handler.ts');
      await compose(options, context);
    });
}
