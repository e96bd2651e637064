import { Option } from '@commander-js/extra-typings';
import { newCommand, newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { selectExpertsOptions } from './options.ts';

const collect = (path: string, before: readonly string[]) => [...before, path];

export function expertsCommand(context: CommandContext) {
  const select = newCommand('select', context)
    .description(
      "Choose a domain's experts by how its text is routed, and write them as an ESFT configuration.",
    )
    .requiredOption('--domain <name>', 'domain whose text is profiled: code, law, math or prose')
    .requiredOption('--out <file>', 'JSON file to write')
    .option('--model <dir>', 'model to profile (default: the shipped one)')
    .addOption(
      new Option('--score <score>', 'gate: mean gate of an expert; token: share of the tokens it gets')
        .choices(['gate', 'token'] as const)
        .default('gate' as const),
    )
    .option('--share <p>', 'take experts until their shares of a layer add up to this', '0.2')
    .option('--max-per-layer <n>', 'at most so many experts of a layer (default: a quarter)')
    .option('--layers <list>', 'layers that may train, separated by commas (default: the upper half)')
    .option('--disjoint-with <file>', "leave out another group's experts; may be given again", collect, [])
    .option('--threads <n>', 'threads for computing', '1')
    .action(async (raw) => {
      const options = parseOptions(selectExpertsOptions, raw);
      const { selectExpertGroup } = await import('./handler.ts');
      await selectExpertGroup(options, context);
    });
  return newCommandGroup('experts', context).description('Expert groups.').addCommand(select);
}
