import type { Clock } from '@connito/node';
import type { StopCause } from '../../command/context.ts';

/** One request may come as several signals: to the process and to its group, say. */
const SAME_REQUEST_MS = 500;

/** Tells the first request to stop from a second Ctrl-C. Other signals only ask politely, however often they come. */
export function stopRequests(
  clock: Clock,
  act: { readonly first: () => void; readonly again: () => void },
): (cause: StopCause) => void {
  let firstAtMs: number | null = null;
  return (cause) => {
    if (firstAtMs === null) {
      firstAtMs = clock.nowMs();
      act.first();
    } else if (cause === 'SIGINT' && clock.nowMs() - firstAtMs >= SAME_REQUEST_MS) {
      act.again();
    }
  };
}
