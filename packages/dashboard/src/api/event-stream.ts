import type { Clock } from '@connito/node';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { DashboardEvent } from '../api/schemas/events.ts';
import type { EventHub } from '../live/event-hub.ts';
import { healthOf, type LiveSource } from '../views/health.ts';

/** Health is sent at least so often, so that a client can tell a quiet network from a lost connection. */
export const HEARTBEAT_MS = 5_000;
/** Events that wait for a slow client; a client that is further behind is cut off, and asks anew. */
const MAX_WAITING = 1_000;

/** Streams what happens to one client until it leaves. */
export function eventStream(context: Context, source: LiveSource, hub: EventHub, clock: Clock): Response {
  return streamSSE(context, async (stream) => {
    const waiting: DashboardEvent[] = [{ name: 'hello', data: { health: healthOf(source) } }];
    let wake = Promise.withResolvers<void>();
    let isOpen = true;
    const push = (event: DashboardEvent): void => {
      waiting.push(event);
      wake.resolve();
    };
    const unsubscribe = hub.subscribe(push);
    let cancelBeat = (): void => undefined;
    const beat = (): void => {
      cancelBeat = clock.setTimer(HEARTBEAT_MS, () => {
        push({ name: 'health', data: healthOf(source) });
        beat();
      });
    };
    beat();
    stream.onAbort(() => {
      isOpen = false;
      wake.resolve();
    });
    try {
      while (isOpen && waiting.length <= MAX_WAITING) {
        const event = waiting.shift();
        if (event === undefined) {
          await wake.promise;
          wake = Promise.withResolvers();
        } else {
          await stream.writeSSE({ event: event.name, data: JSON.stringify(event.data) });
        }
      }
    } finally {
      unsubscribe();
      cancelBeat();
    }
  });
}
