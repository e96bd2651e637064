import type { Clock } from '@connito/node';

/** How long one answer may wait for its client in all: what the client does not read holds places and versions. */
export const MAX_UNREAD_MS = 60_000;

export type EventStreamOptions = {
  readonly clock: Clock;
  /** What the client is told of a failure. */
  readonly describeError: (error: unknown) => unknown;
  /** Called when the client has gone, or has not read for too long. */
  readonly onLeft: () => void;
};

const encoder = new TextEncoder();
const event = (data: string): Uint8Array => encoder.encode(`data: ${data}\n\n`);

/**
 * Server-sent events: each value as `data: <JSON>`, then `data: [DONE]`. The next value is asked for only when the client has
 * taken the last ones; the stream breaks off when that has taken `MAX_UNREAD_MS` in all. A failure becomes a last event with
 * OpenAI's `error`. When the client leaves, `values` is closed.
 */
export function eventStream(
  values: AsyncGenerator<unknown, void, void>,
  { clock, describeError, onLeft }: EventStreamOptions,
): ReadableStream<Uint8Array> {
  let unreadMs = 0;
  let sentMs = clock.nowMs();
  let stopTimer = (): void => undefined;
  let hasLeft = false;
  const leave = (): Promise<unknown> => {
    hasLeft = true;
    stopTimer();
    onLeft();
    return values.return();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      awaitClient(controller);
    },
    async pull(controller) {
      stopTimer();
      unreadMs += clock.nowMs() - sentMs;
      const { bytes, isLast } = await next();
      if (hasLeft) return;
      controller.enqueue(bytes);
      if (isLast) controller.close();
      else awaitClient(controller);
    },
    async cancel() {
      await leave();
    },
  });

  function awaitClient(controller: ReadableStreamDefaultController): void {
    sentMs = clock.nowMs();
    stopTimer = clock.setTimer(MAX_UNREAD_MS - unreadMs, () => {
      const reason = new Error('A client that does not read its answer was cut off.');
      // The HTTP server prints it: one line is enough.
      delete reason.stack;
      controller.error(reason);
      leave().catch(() => undefined);
    });
  }

  async function next(): Promise<{ readonly bytes: Uint8Array; readonly isLast: boolean }> {
    try {
      const { done, value } = await values.next();
      return done === true
        ? { bytes: event('[DONE]'), isLast: true }
        : { bytes: event(JSON.stringify(value)), isLast: false };
    } catch (error) {
      return { bytes: event(JSON.stringify(describeError(error))), isLast: true };
    }
  }
}
