import type { Block } from '@connito/ledger';
import { backoffMs, type Clock, sleep } from '@connito/node';
import { type PhasePoint, type PlacedNote, phaseAt, readNotes, roundWindow } from '@connito/protocol';
import type { Participants, RoundFacts, RunContext } from '@connito/run';
import type { EventHub } from './event-hub.ts';
import type { Faults } from './faults.ts';

/** Between attempts to reach a ledger that does not answer. */
const RETRY = { firstDelayMs: 250, maxDelayMs: 5_000 };

/** The round that is going on: who takes part, and what they have written so far. */
export type OpenRound = { readonly facts: RoundFacts; readonly notes: readonly PlacedNote[] };

/** Follows the ledger's head and keeps the open round at hand. */
export class NetworkWatch {
  readonly #context: RunContext;
  readonly #participants: Participants;
  readonly #clock: Clock;
  readonly #hub: EventHub;
  readonly #faults: Faults;
  #head: Block | null = null;
  #headSeenAtMs = 0;
  #windowStart: { readonly key: string; readonly atMs: number } | null = null;
  #open: { readonly facts: RoundFacts; readonly notes: PlacedNote[]; readUpTo: number } | null = null;
  #moved = Promise.withResolvers<void>();

  constructor(
    context: RunContext,
    parts: { participants: Participants; clock: Clock; hub: EventHub; faults: Faults },
  ) {
    this.#context = context;
    this.#participants = parts.participants;
    this.#clock = parts.clock;
    this.#hub = parts.hub;
    this.#faults = parts.faults;
  }

  get head(): Block | null {
    return this.#head;
  }

  /** When the newest block came to be known here. */
  get headSeenAtMs(): number {
    return this.#headSeenAtMs;
  }

  get openRound(): OpenRound | null {
    return this.#open;
  }

  /** When the current window began: the time of the block before it. */
  get windowStartedAtMs(): number | null {
    return this.#windowStart?.atMs ?? null;
  }

  get point(): PhasePoint | null {
    return this.#head === null ? null : phaseAt(this.#head.number + 1, this.#context.definition.schedule);
  }

  /** Rounds all of whose blocks are sealed. */
  get finishedRounds(): number {
    const { point } = this;
    return point === null || point.phase === 'waiting' ? 0 : point.round;
  }

  /** Resolves when a new head was seen. */
  get moved(): Promise<void> {
    return this.#moved.promise;
  }

  /** Ends when the signal aborts. Failures to read are kept as faults, and tried again. */
  async follow(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        const { ledger } = this.#context;
        const next =
          this.#head === null
            ? await ledger.head(signal)
            : await ledger.waitForBlock(this.#head.number + 1, signal);
        await this.#enter(next, signal);
        failures = 0;
        this.#faults.clear('ledger');
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.#faults.set('ledger', error);
        await sleep(this.#clock, backoffMs(RETRY, failures), signal).catch(() => undefined);
      }
    }
  }

  async #enter(head: Block, signal: AbortSignal): Promise<void> {
    const { definition, ledger } = this.#context;
    const point = phaseAt(head.number + 1, definition.schedule);
    if (point.phase === 'waiting') {
      this.#open = null;
    } else {
      const { firstBlock } = roundWindow(point.round, definition.schedule);
      if (this.#open?.facts.round !== point.round) {
        const facts = await this.#participants.of(point.round, signal);
        this.#open = { facts, notes: [], readUpTo: firstBlock - 1 };
      }
      if (this.#open.readUpTo < head.number) {
        this.#open.notes.push(...readNotes(await ledger.notes(this.#open.readUpTo + 1, head.number, signal)));
        this.#open.readUpTo = head.number;
      }
      const key = `${point.round}/${point.firstBlock}`;
      if (this.#windowStart?.key !== key) {
        const before = point.firstBlock - 1;
        const block = before === head.number ? head : await ledger.block(before, signal);
        this.#windowStart = { key, atMs: block.timestampMs };
      }
    }
    this.#head = head;
    this.#headSeenAtMs = this.#clock.nowMs();
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
    const round = point.phase === 'waiting' ? null : point.round;
    this.#hub.emit({ name: 'block', data: { block: head.number + 1, round } });
  }
}
