import { z } from 'zod';
import { reasonSchema } from '../../story/round-story.ts';
import { healthSchema } from './health.ts';
import { count, ms, personSchema } from './parts.ts';

const dutySchema = z.object({ now: z.string(), next: z.string() });

const noteStateSchema = z.enum(['done', 'due', 'later', 'missed', 'idle']);

export const nowSchema = z.object({
  atMs: ms,
  health: healthSchema,
  point: z
    .object({
      block: count.describe('The open block.'),
      round: count.nullable().describe('Null before the first round.'),
      phase: z.string(),
      step: z.string().nullable(),
      window: z.string().nullable(),
      blocksLeft: count,
      roundBlocks: count,
      blocksDone: count,
      windowStartedAtMs: ms.nullable(),
    })
    .nullable(),
  windows: z
    .array(
      z.object({
        name: z.string(),
        blocks: count,
        secondsExpected: z
          .number()
          .nullable()
          .describe('Median of the last finished rounds; null before the first.'),
      }),
    )
    .describe('The windows of a round, in order.'),
  expectationRounds: count.describe('Rounds the expected seconds are the median of.'),
  duties: z.object({ miner: dutySchema, validator: dutySchema }),
  miners: z.array(
    personSchema.extend({
      group: z.string(),
      domain: z.string(),
      commit: noteStateSchema,
      commitBlock: count.nullable(),
      reveal: noteStateSchema,
      revealBlock: count.nullable(),
      last: z
        .object({ round: count, scoreNanoNats: z.int().nullable(), reason: reasonSchema.nullable() })
        .nullable(),
    }),
  ),
  validators: z.array(
    personSchema.extend({
      stake: z.string(),
      report: noteStateSchema,
      attest: noteStateSchema,
      vote: noteStateSchema,
      state: noteStateSchema,
    }),
  ),
});

export type NowAnswer = z.infer<typeof nowSchema>;

export type NoteState = z.infer<typeof noteStateSchema>;
