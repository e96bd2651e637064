import { z } from 'zod';
import { count, hash, personSchema } from './parts.ts';

export const validatorsSchema = z.object({
  from: count,
  to: count,
  rows: z.array(
    personSchema.extend({
      stake: z.string(),
      stakeShare: z.number(),
      rounds: count,
      inTime: count,
      late: count,
      missing: count,
      meanBlocksUsed: z.number().nullable(),
      judged: count,
      same: count,
      meanDeviationNanoNats: z.number().nullable(),
      statesPosted: count,
      statesCanonical: count.describe('Posted states that became the canonical one.'),
      dividends: z.number().describe('Last, parts per billion.'),
      sequencesPerSecond: z
        .number()
        .nullable()
        .describe(
          'Sequences in its reports by seconds of the evaluation windows: a lower bound of its speed.',
        ),
      lastState: hash.nullable(),
      history: z.array(
        z.object({
          round: count,
          status: z.string(),
          agreed: z.boolean().nullable(),
          same: count,
          judged: count,
        }),
      ),
    }),
  ),
});

export type ValidatorsAnswer = z.infer<typeof validatorsSchema>;
