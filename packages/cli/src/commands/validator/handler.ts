import { runValidator } from '@connito/validator';
import type { z } from 'zod';
import type { CommandContext } from '../../command/context.ts';
import { roleOptionsOf, type roleOptionsSchema, runRole } from '../../command/role.ts';

/** Runs a validator until it is asked to stop. */
export async function startValidator(
  options: z.output<typeof roleOptionsSchema>,
  context: CommandContext,
): Promise<void> {
  await runRole(context, { role: 'validator', ...options }, (log, signal, registry) =>
    runValidator({ ...roleOptionsOf(options), log, registry }, signal),
  );
}
