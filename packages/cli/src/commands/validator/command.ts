import { newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { roleOptionsSchema } from '../../command/role.ts';
import { newRoleCommand } from '../../command/role-flags.ts';

export function validatorCommand(context: CommandContext) {
  const start = newRoleCommand(context)
    .description('Run a validator: check, score and report updates, merge them, vote, and set chain weights.')
    .action(async (raw) => {
      const options = parseOptions(roleOptionsSchema, raw);
      const { startValidator } = await import('./handler.ts');
      await startValidator(options, context);
    });
  return newCommandGroup('validator', context)
    .description('A validator, as a process of its own.')
    .addCommand(start);
}
