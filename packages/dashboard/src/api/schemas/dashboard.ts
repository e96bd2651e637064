import { z } from 'zod';
import { learningSchema } from './learning.ts';
import { minersSchema } from './miners.ts';
import { nowSchema } from './now.ts';
import { provenanceSchema } from './rounds.ts';
import { runSchema } from './run.ts';
import { securitySchema } from './security.ts';
import { validatorsSchema } from './validators.ts';

export const dashboardSchema = z.object({
  format: z.literal('connito-dashboard/1'),
  run: runSchema.omit({ definition: true, command: true, pages: true }),
  now: nowSchema,
  learning: learningSchema,
  miners: minersSchema,
  validators: validatorsSchema,
  provenance: provenanceSchema,
  security: securitySchema,
});

export type DashboardAnswer = z.infer<typeof dashboardSchema>;
