import { readFile, writeFile } from 'node:fs/promises';
import { fileError } from '@connito/node';
import { z } from 'zod';
import type { NetworkLayout } from './layout.ts';

const processesSchema = z.object({
  startedAt: z.string(),
  ledgerUrl: z.string(),
  storeUrl: z.string(),
  processes: z.array(
    z.object({
      name: z.string(),
      role: z.enum(['ledger', 'store', 'validator', 'miner']),
      pid: z.int().positive().nullable(),
      startTicks: z.string().nullable(),
      state: z.enum(['running', 'waiting', 'gave_up', 'stopped']),
      restarts: z.int().nonnegative(),
    }),
  ),
});

/** What runs now, or ran last: for `connito status` and for a start after a crash. Losing it loses nothing. */
export type NetworkProcesses = z.infer<typeof processesSchema>;

export async function readProcesses(layout: NetworkLayout): Promise<NetworkProcesses | null> {
  try {
    return processesSchema.parse(JSON.parse(await readFile(layout.processesFile, 'utf8')));
  } catch {
    return null;
  }
}

export async function writeProcesses(layout: NetworkLayout, processes: NetworkProcesses): Promise<void> {
  try {
    await writeFile(layout.processesFile, `${JSON.stringify(processes, null, 2)}\n`);
  } catch (error) {
    throw fileError(error, layout.processesFile);
  }
}
