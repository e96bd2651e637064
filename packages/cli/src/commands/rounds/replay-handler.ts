import { sleep, systemClock } from '@connito/node';
import { type CommandContext, stopSignal } from '../../command/context.ts';
import { cliError } from '../../errors.ts';
import { readNetwork } from '../../network/network-file.ts';
import { eventsOf, readEvents } from '../../observe/event-log.ts';
import type { FinishedRound, NetworkEvent } from '../../observe/network-event.ts';
import { readHistory } from '../../observe/round-history.ts';
import { summarize } from '../../observe/summary.ts';
import { displayFor } from '../../view/network-display.ts';
import type { ReplayOptions } from './options.ts';

/** Shows a run's log as if it happened now, with a pause after each round, and sums it up. */
export async function replayLog(options: ReplayOptions, context: CommandContext): Promise<void> {
  const signal = stopSignal(context);
  const events = await eventsFrom(options);
  const rounds: FinishedRound[] = [];
  let start = { directory: options.dir, run: '', secondsToFirstMerge: null };
  using display = displayFor(options, context, systemClock);
  for (const event of events) {
    if (signal.aborted) break;
    display.show(event);
    if (event.type === 'started') start = { ...start, directory: event.directory, run: event.run };
    if (event.type === 'history') rounds.push(...event.rounds);
    if (event.type !== 'round') continue;
    rounds.push(event);
    // Asked to stop, it sums up what was shown.
    await sleep(systemClock, options.interval, signal).catch(() => undefined);
  }
  display.show(summarize(rounds, start));
}

async function eventsFrom({ dir, events: path }: ReplayOptions): Promise<NetworkEvent[]> {
  if (path !== undefined) {
    const events = await readEvents(path);
    if (events.length > 0) return events;
    throw cliError('round_missing', `${path} holds no event that "connito up --json" prints.`, { path });
  }
  const { layout, network } = await readNetwork(dir);
  const rounds = await readHistory(layout.roundsFile);
  if (rounds.length > 0) return eventsOf(network, dir, rounds);
  throw cliError('round_missing', `No round is logged in ${layout.roundsFile} yet.`, {
    path: layout.roundsFile,
  });
}
