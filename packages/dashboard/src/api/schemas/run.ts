import { z } from 'zod';
import { hash } from './parts.ts';

export const runSchema = z.object({
  protocol: z.string(),
  run: hash,
  name: z.string(),
  definition: z.unknown().describe('The run definition, whole.'),
  pages: z
    .object({ market: z.boolean(), serving: z.boolean() })
    .describe('Whether this dashboard was given a market and a server of models to show.'),
  command: z.object({
    verify: z.string().describe('Command that replays a round; {round} stands for its number.'),
    explain: z
      .string()
      .describe('Command that explains a miner’s score; {uid} and {round} stand for numbers.'),
  }),
});

export type RunAnswer = z.infer<typeof runSchema>;
