import { z } from 'zod';
import { reasonSchema } from '../../story/round-story.ts';

export const reasonsSchema = z.object({
  reasons: z.array(
    z.object({
      reason: reasonSchema,
      sentence: z.string(),
      nextAction: z.string().describe('What the miner can do about it.'),
      check: z.string().nullable().describe('The check that it fails, if it is one.'),
    }),
  ),
});

export type ReasonsAnswer = z.infer<typeof reasonsSchema>;
