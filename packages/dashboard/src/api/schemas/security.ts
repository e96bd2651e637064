import { z } from 'zod';
import { reasonSchema } from '../../story/round-story.ts';
import { count } from './parts.ts';

export const securitySchema = z.object({
  from: count,
  to: count,
  submissions: count.describe('Miner places in these rounds.'),
  checks: z
    .array(
      z.object({
        check: z.string(),
        rejected: count,
        reasons: z.array(z.object({ reason: reasonSchema, count })),
      }),
    )
    .describe('The checks in the order they are made.'),
  before: count.nullable(),
  events: z.array(
    z.object({
      round: count,
      uid: count,
      hotkey: z.string(),
      name: z.string().nullable(),
      group: z.string(),
      reason: reasonSchema,
      check: z.string(),
      detail: z.string().nullable(),
    }),
  ),
});

export type SecurityAnswer = z.infer<typeof securitySchema>;
