import { z } from 'zod';
import { roleOptionsSchema } from '../../command/role.ts';
import { BEHAVIOURS } from '../../network/behaviour.ts';

export const startMinerOptions = roleOptionsSchema.extend({ behaviour: z.enum(BEHAVIOURS) });
export type StartMinerOptions = z.output<typeof startMinerOptions>;
