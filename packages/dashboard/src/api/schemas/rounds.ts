import { z } from 'zod';
import { roundStorySchema } from '../../story/round-story.ts';
import { stepSchema } from './learning.ts';
import { count, hash, ms } from './parts.ts';

export const roundRowSchema = z.object({
  round: count,
  outcome: z.enum(['canonical', 'void']),
  state: hash,
  agreed: z.boolean(),
  firstBlock: count,
  lastBlock: count,
  endedAtMs: ms,
  seconds: z.number(),
  miners: count,
  paid: count,
  merged: count,
  groups: z.array(z.object({ group: z.string(), mergedUpdates: count, scale: z.number() })),
});

export const roundsSchema = z.object({
  total: count,
  before: count.nullable(),
  rows: z.array(roundRowSchema),
});

export const provenanceSchema = z.object({
  state: hash.nullable(),
  round: count.nullable().describe('Last finished round.'),
  groups: z.array(
    z.object({
      group: z.string(),
      domain: z.string(),
      contributors: z.array(
        z.object({
          hotkey: z.string(),
          name: z.string().nullable(),
          rounds: count.describe('Rounds in which its update entered the state.'),
          weight: z.number().describe('Sum over those rounds of merge weight times step scale.'),
          share: z.number().describe('Of the group’s sum.'),
          lastRound: count,
        }),
      ),
    }),
  ),
});

export const roundAnswerSchema = roundStorySchema.extend({
  gains: z
    .array(stepSchema.extend({ domain: z.string(), trained: z.boolean() }))
    .describe('What the round gave on the reporting texts; empty where the states were not measured.'),
  names: z.record(z.string(), z.string()).describe('Names of hotkeys in the local network’s own file.'),
});

export type RoundsAnswer = z.infer<typeof roundsSchema>;

export type RoundAnswer = z.infer<typeof roundAnswerSchema>;

export type ProvenanceAnswer = z.infer<typeof provenanceSchema>;
