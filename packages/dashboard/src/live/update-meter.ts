import { ConnitoError, type StateHash } from '@connito/protocol';
import type { Participants, RunContext } from '@connito/run';
import type { Archive } from '../archive/archive.ts';
import type { EventHub } from './event-hub.ts';
import type { NetworkWatch } from './network-watch.ts';
import { aborted } from './round-indexer.ts';
import { measureUpdateNorms } from './update-norms.ts';

/** Updates of a round that are opened, the best ones: each costs its bytes and decoding. */
export const MAX_UPDATES = 64;

export type UpdateMeterParts = {
  readonly archive: Archive;
  readonly participants: Participants;
  readonly watch: NetworkWatch;
  readonly hub: EventHub;
};

/** Measures how far the updates of each newly read round move the experts. Old ones stay out. */
export class UpdateMeter {
  readonly #context: RunContext;
  readonly #parts: UpdateMeterParts;

  constructor(context: RunContext, parts: UpdateMeterParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Ends when the signal aborts. What cannot be read is left out: nothing else depends on it. */
  async follow(signal: AbortSignal): Promise<void> {
    const { archive, hub } = this.#parts;
    for (let last = -1; !signal.aborted; ) {
      const moved = Promise.withResolvers<void>();
      const unsubscribe = hub.subscribe(({ name }) => {
        if (name === 'round') moved.resolve();
      });
      try {
        const newest = archive.nextRound - 1;
        if (newest === last) await Promise.race([moved.promise, aborted(signal)]);
        else {
          last = newest;
          await this.#measure(newest, signal);
        }
      } finally {
        unsubscribe();
      }
    }
  }

  async #measure(round: number, signal: AbortSignal): Promise<void> {
    const { archive, participants, watch, hub } = this.#parts;
    // While old rounds are being read, the newest of them is soon no more.
    if (round + 1 < watch.finishedRounds) return;
    const story = archive.story(round);
    if (story === null || archive.updateNormsBefore(round + 1)?.round === round) return;
    const uids = story.miners
      .filter(({ reveal }) => reveal !== null)
      .sort((a, b) => (b.scoreNanoNats ?? 0) - (a.scoreNanoNats ?? 0) || a.uid - b.uid)
      .slice(0, MAX_UPDATES)
      .map(({ uid }) => uid);
    try {
      const asked = { round, baseState: story.parent as StateHash, uids };
      archive.addUpdateNorms(await measureUpdateNorms(this.#context, participants, asked, signal));
      hub.emit({ name: 'measured', data: { round: round + 1 } });
    } catch (error) {
      if (!signal.aborted && !(error instanceof ConnitoError)) throw error;
    }
  }
}
