import { appendFile, readFile } from 'node:fs/promises';
import { fileError, systemCode } from '@connito/node';
import type { Hotkey, Reason } from '@connito/protocol';
import { REASON_CODES } from '@connito/protocol';
import { z } from 'zod';
import { BEHAVIOURS } from '../network/behaviour.ts';
import type { FinishedRound } from './network-event.ts';

const interval = z.tuple([z.number(), z.number()]);
export const finishedRoundSchema: z.ZodType<FinishedRound> = z.object({
  round: z.int().nonnegative(),
  outcome: z.enum(['canonical', 'void']),
  stateHash: z.string(),
  agreed: z.boolean(),
  generalLossBefore: z.number(),
  generalLossAfter: z.number(),
  groups: z.array(
    z.object({
      domain: z.string(),
      lossBefore: z.number(),
      lossAfter: z.number(),
      interval,
      sinceStart: z.object({ reduction: z.number(), interval }),
      subModelGap: z.object({ reduction: z.number(), gap: z.number(), interval }),
      mergedUpdates: z.number(),
      scale: z.number(),
    }),
  ),
  miners: z.array(
    z.object({
      uid: z.number(),
      hotkey: z.string().transform((text) => text as Hotkey),
      name: z.string(),
      behaviour: z.enum([...BEHAVIOURS, 'unknown']),
      domain: z.string(),
      score: z.number(),
      reason: z.enum(REASON_CODES as [Reason, ...Reason[]]).nullable(),
      detail: z.string().nullable(),
      incentive: z.number(),
      mergeWeight: z.number(),
      bytesSent: z.number(),
    }),
  ),
  validators: z.array(
    z.object({ uid: z.number(), name: z.string(), reported: z.boolean(), stateHash: z.string().nullable() }),
  ),
});

/**
 * The finished rounds that were measured so far, in order. A line that a crash cut short ends the list: what follows from
 * ledger and store can be measured again.
 */
export async function readHistory(path: string): Promise<readonly FinishedRound[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw fileError(error, path);
  }
  const rounds = new Map<number, FinishedRound>();
  for (const line of text.split('\n')) {
    const round = parseLine(line);
    if (round !== null) rounds.set(round.round, round);
  }
  return [...rounds.values()].sort((a, b) => a.round - b.round);
}

export async function appendHistory(path: string, round: FinishedRound): Promise<void> {
  try {
    // The newline comes first, so that a line cut short by a crash spoils only itself.
    await appendFile(path, `\n${JSON.stringify(round)}`);
  } catch (error) {
    throw fileError(error, path);
  }
}

function parseLine(line: string): FinishedRound | null {
  try {
    return finishedRoundSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
