import { readFile } from 'node:fs/promises';
import { fileError } from '@connito/node';
import type { Hotkey } from '@connito/protocol';
import { z } from 'zod';
import { BEHAVIOURS } from '../network/behaviour.ts';
import { METRICS_ROLES } from '../network/metrics-targets.ts';
import type { Network } from '../network/network-file.ts';
import type { FinishedRound, NetworkEvent } from './network-event.ts';
import { finishedRoundSchema } from './round-history.ts';

const hotkey = z.string().transform((text) => text as Hotkey);
const named = { name: z.string(), hotkey };

const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), text: z.string() }),
  z.object({ type: z.literal('warning'), text: z.string() }),
  z.object({
    type: z.literal('started'),
    directory: z.string(),
    run: z.string(),
    name: z.string(),
    isFirstStart: z.boolean(),
    ledgerUrl: z.string(),
    storeUrl: z.string(),
    dashboardUrl: z.string().nullable().default(null),
    metrics: z
      .array(z.object({ name: z.string(), role: z.enum(METRICS_ROLES), url: z.string() }))
      .default([]),
    domains: z.array(z.string()),
    miners: z.array(z.object({ ...named, behaviour: z.enum(BEHAVIOURS), domain: z.string() })),
    validators: z.array(z.object(named)),
  }),
  z.object({
    type: z.literal('process'),
    name: z.string(),
    role: z.enum(['ledger', 'store', 'validator', 'miner']),
    event: z.enum(['started', 'crashed', 'gave_up', 'stopped']),
    pid: z.number().nullable(),
    exit: z.union([z.number(), z.string()]).nullable(),
    restartInMs: z.number().nullable(),
    why: z.string().nullable(),
  }),
  z.object({
    type: z.literal('phase'),
    block: z.number(),
    round: z.number().nullable(),
    phase: z.string(),
    step: z.string().nullable(),
    blocksLeft: z.number(),
    roundBlocks: z.number(),
    blocksDone: z.number(),
    entered: z.boolean(),
  }),
]);

/** A line that `connito up --json` printed, or null where it is none. Summaries are left out: they follow from the rounds. */
export function parseEvent(line: string): NetworkEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const event = eventSchema.safeParse(value);
  if (event.success) return event.data;
  const history = z
    .object({ type: z.literal('history'), rounds: z.array(finishedRoundSchema) })
    .safeParse(value);
  if (history.success) return history.data;
  const tagged = z.object({ type: z.literal('round'), secondsSinceStart: z.number() }).safeParse(value);
  const round = finishedRoundSchema.safeParse(value);
  return tagged.success && round.success ? { ...round.data, ...tagged.data } : null;
}

/** All events of a log that `connito up --json` printed. */
export async function readEvents(path: string): Promise<NetworkEvent[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, path);
  });
  return text.split('\n').flatMap((line) => parseEvent(line) ?? []);
}

/** The events a network's own log of rounds amounts to. */
export function eventsOf(
  network: Network,
  directory: string,
  rounds: readonly FinishedRound[],
): NetworkEvent[] {
  const { run, name, domains, miners, validators } = network;
  const urls = { ledgerUrl: 'not running', storeUrl: 'not running', dashboardUrl: null, metrics: [] };
  const started = { run, name, domains, miners, validators, directory, isFirstStart: true, ...urls };
  return [
    { type: 'started', ...started },
    ...rounds.map((round): NetworkEvent => ({ type: 'round', secondsSinceStart: 0, ...round })),
  ];
}
