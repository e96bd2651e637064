import type { Clock } from '@connito/node';
import type { FinishedRound, NetworkEvent } from '../../observe/network-event.ts';

/**
 * How long it took to the first merge. A round's state holds when its publish phase begins, but whether validators agreed
 * is known only once the round was read.
 */
export class MergeStopwatch {
  readonly #startedAtMs: number;
  readonly #clock: Clock;
  readonly #publishedAtSeconds = new Map<number, number>();
  /** The first round whose state was still open when this start looked; what was merged before is no merge of its own. */
  #firstOwnRound: number | null = null;
  #first: number | null = null;

  constructor(startedAtMs: number, clock: Clock) {
    this.#startedAtMs = startedAtMs;
    this.#clock = clock;
  }

  seconds(): number {
    return Math.round(this.#clock.nowMs() - this.#startedAtMs) / 1000;
  }

  /** Seconds from the start of the process to the first canonical state, or null so far. */
  get secondsToFirstMerge(): number | null {
    return this.#first;
  }

  see(event: NetworkEvent): void {
    if (event.type !== 'phase') return;
    if (event.round === null) {
      this.#firstOwnRound ??= 0;
      return;
    }
    this.#firstOwnRound ??= event.phase === 'publish' ? event.round + 1 : event.round;
    // A busy observer may see the next round first.
    const published = event.phase === 'publish' ? event.round : event.round - 1;
    if (!this.#publishedAtSeconds.has(published)) this.#publishedAtSeconds.set(published, this.seconds());
  }

  finished({ round, outcome }: Pick<FinishedRound, 'round' | 'outcome'>): void {
    if (this.#firstOwnRound === null || round < this.#firstOwnRound) return;
    if (outcome === 'canonical') this.#first ??= this.#publishedAtSeconds.get(round) ?? this.seconds();
  }
}
