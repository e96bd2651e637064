import { backoffMs, type Clock, sleep } from '@connito/node';
import { ConnitoError, type StateHash } from '@connito/protocol';
import { CanonicalChain, type Participants, type RoundReaders, type RunContext } from '@connito/run';
import type { Archive } from '../archive/archive.ts';
import { tellRound } from '../story/tell-round.ts';
import type { EventHub } from './event-hub.ts';
import type { Faults } from './faults.ts';
import type { NetworkWatch } from './network-watch.ts';

/** A round's artifacts may still be on their way when its last block is sealed. */
const RETRY = { firstDelayMs: 500, maxDelayMs: 30_000 };

export type RoundIndexerParts = {
  readonly archive: Archive;
  readonly participants: Participants;
  readonly watch: NetworkWatch;
  readonly hub: EventHub;
  readonly faults: Faults;
  readonly clock: Clock;
};

/** Puts every finished round into the archive, in order, as soon as it can be read. */
export class RoundIndexer {
  readonly #context: RunContext;
  readonly #readers: RoundReaders;
  readonly #parts: RoundIndexerParts;

  constructor(context: RunContext, genesis: StateHash, parts: RoundIndexerParts) {
    const { participants } = parts;
    this.#context = context;
    this.#readers = { participants, chain: new CanonicalChain(context, participants, genesis) };
    this.#parts = parts;
  }

  get readers(): RoundReaders {
    return this.#readers;
  }

  /** Ends when the signal aborts. A round that cannot be read is a fault, and tried again. */
  async follow(signal: AbortSignal): Promise<void> {
    const { archive, watch, hub, faults, clock } = this.#parts;
    for (let failures = 0; !signal.aborted; ) {
      const next = archive.nextRound;
      if (next >= watch.finishedRounds) {
        await Promise.race([watch.moved, aborted(signal)]);
        continue;
      }
      try {
        archive.addRounds([await tellRound(this.#context, this.#readers, next, signal)]);
        hub.emit({ name: 'round', data: { round: next } });
        failures = 0;
        faults.clear('rounds');
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ConnitoError)) throw error;
        failures += 1;
        faults.set('rounds', new Error(`Round ${next} cannot be read: ${error.message}`));
        await sleep(clock, backoffMs(RETRY, failures), signal).catch(() => undefined);
      }
    }
  }
}

/** Resolves when the signal fires. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
