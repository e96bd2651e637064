import { z } from 'zod';
import { count, ms } from './parts.ts';

export const healthSchema = z.object({
  state: z
    .enum(['live', 'stale', 'degraded'])
    .describe('stale: no new block for longer than expected. degraded: something cannot be read.'),
  faults: z.array(z.object({ part: z.string(), message: z.string(), sinceMs: ms })),
  headBlock: count.nullable(),
  headSealedAtMs: ms.nullable(),
  indexedRounds: count.describe('Finished rounds in the archive.'),
  finishedRounds: count.describe('Rounds that are over on the ledger.'),
  measuredStates: count.describe('States whose losses were measured.'),
  measuring: z.boolean().describe('Whether this dashboard, or the network it belongs to, measures states.'),
});

export type Health = z.infer<typeof healthSchema>;
