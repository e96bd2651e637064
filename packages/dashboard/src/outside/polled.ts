import { type Clock, sleep } from '@connito/node';
import type { EventHub } from '../live/event-hub.ts';
import type { Faults } from '../live/faults.ts';

/** Something beside the run that is asked for now and then: its last good answer, while a fault says what is wrong. */
export type Source<T> = { read(signal: AbortSignal): Promise<T> };

export type PolledParts = {
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly faults: Faults;
};

/** Keeps the last answer of a source at hand. */
export class Polled<T> {
  readonly #source: Source<T>;
  readonly #options: { readonly part: 'market' | 'serving'; readonly everyMs: number };
  readonly #parts: PolledParts;
  #last: { readonly value: T; readonly atMs: number } | null = null;

  constructor(
    source: Source<T>,
    options: { readonly part: 'market' | 'serving'; readonly everyMs: number },
    parts: PolledParts,
  ) {
    this.#source = source;
    this.#options = options;
    this.#parts = parts;
  }

  get last(): { readonly value: T; readonly atMs: number } | null {
    return this.#last;
  }

  /** Asks once. A failure is a fault; what is known stays. */
  async refresh(signal: AbortSignal): Promise<void> {
    const { clock, hub, faults } = this.#parts;
    const { part } = this.#options;
    try {
      const value = await this.#source.read(signal);
      const atMs = clock.nowMs();
      this.#last = { value, atMs };
      faults.clear(part);
      hub.emit({ name: part, data: { atMs } });
    } catch (error) {
      if (!signal.aborted) faults.set(part, error);
    }
  }

  /** Ends when the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.refresh(signal);
      await sleep(this.#parts.clock, this.#options.everyMs, signal).catch(() => undefined);
    }
  }
}
