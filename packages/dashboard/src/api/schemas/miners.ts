import { z } from 'zod';
import { minerStorySchema, reasonSchema } from '../../story/round-story.ts';
import { count } from './parts.ts';

export const minerRowSchema = minerStorySchema
  .omit({ outcomes: true, commit: true, reveal: true, creditShare: true })
  .extend({
    name: z.string().nullable(),
    rank: count.describe('By agreed score in this round, 1 is best.'),
    statuses: z.array(
      z.object({
        validator: count,
        kind: z.string(),
        reason: reasonSchema.nullable(),
        scoreNanoNats: z.int().nullable(),
      }),
    ),
    recent: z.array(z.object({ round: count, scoreNanoNats: z.int().nullable() })).describe('Oldest first.'),
  });

export const minersSchema = z.object({
  round: count.nullable().describe('Null where no round is finished.'),
  outcome: z.enum(['canonical', 'void']).nullable(),
  total: count,
  offset: count,
  rows: z.array(minerRowSchema),
});

export const minerHistorySchema = z.object({
  hotkey: z.string(),
  name: z.string().nullable(),
  uid: count,
  totals: z.object({
    rounds: count,
    paid: count,
    incentive: z.number().describe('Mean share of all miners’ incentive, parts per billion.'),
    bytesSent: count,
    reasons: z.array(z.object({ reason: reasonSchema, count, lastRound: count })),
    contributions: z.array(z.object({ group: z.string(), rounds: count, weight: z.number() })),
  }),
  before: count.nullable().describe('Pass as `before` for older rounds; null at the end.'),
  rows: z.array(
    z.object({
      round: count,
      uid: count,
      group: z.string(),
      scoreNanoNats: z.int().nullable(),
      reason: reasonSchema.nullable(),
      lowerNanoNats: z.int().nullable(),
      upperNanoNats: z.int().nullable(),
      marginalNanoNats: z.int().nullable(),
      incentive: z.number(),
      mergeWeight: z.number(),
      bytesSent: count,
    }),
  ),
});

export type MinersAnswer = z.infer<typeof minersSchema>;

export type MinerRow = MinersAnswer['rows'][number];

export type MinerHistory = z.infer<typeof minerHistorySchema>;
