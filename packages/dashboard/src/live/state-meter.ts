import { backoffMs, type Clock, sleep } from '@connito/node';
import { ConnitoError } from '@connito/protocol';
import { type Reporter, type RoundReaders, type RunContext, StateLoader } from '@connito/run';
import type { Archive } from '../archive/archive.ts';
import type { EventHub } from './event-hub.ts';
import type { Faults } from './faults.ts';
import type { NetworkWatch } from './network-watch.ts';
import { aborted } from './round-indexer.ts';

const RETRY = { firstDelayMs: 2_000, maxDelayMs: 60_000 };

export type StateMeterParts = {
  readonly archive: Archive;
  readonly watch: Pick<NetworkWatch, 'moved'>;
  readonly readers: { readonly chain: Pick<RoundReaders['chain'], 'stateBefore'> };
  readonly hub: EventHub;
  readonly faults: Faults;
  readonly clock: Clock;
  /** A model of its own. Called again where its thread has died. */
  readonly openReporter: () => Promise<StateReporter>;
};

export type StateReporter = Pick<Reporter, 'start' | 'measure' | 'stop'> & {
  readonly session: Pick<Reporter['session'], 'genesis'>;
};

/**
 * Measures states with a model of its own: the newest first, then older ones backwards, since what is asked about most is
 * where the network stands now. A state whose bytes nobody keeps any more is passed over.
 */
export class StateMeter {
  readonly #context: RunContext;
  readonly #parts: StateMeterParts;
  readonly #unavailable = new Set<number>();

  constructor(context: RunContext, parts: StateMeterParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Ends when the signal aborts, after the measurement that runs, or where there is no model. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const reporter = await this.#open(signal);
      if (reporter === null) return;
      await this.#measureWith(reporter, signal);
    }
  }

  /** Ends when the signal aborts, or the model's thread is dead. */
  async #measureWith(reporter: StateReporter, signal: AbortSignal): Promise<void> {
    const { archive, watch, hub, faults, clock, readers } = this.#parts;
    try {
      if (archive.measurement(0) === null) {
        archive.addMeasurement(0, reporter.start);
        hub.emit({ name: 'measured', data: { round: 0 } });
      }
      const states = new StateLoader(this.#context, reporter.session.genesis);
      for (let failures = 0; !signal.aborted; ) {
        const round = this.#nextRound();
        if (round === null) {
          await Promise.race([watch.moved, aborted(signal)]);
          continue;
        }
        try {
          const canonical = await readers.chain.stateBefore(round, signal);
          const state = await states.load(canonical, { momentum: false }, signal);
          archive.addMeasurement(round, (await reporter.measure(state)).state);
          hub.emit({ name: 'measured', data: { round } });
          failures = 0;
          faults.clear('measuring');
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof ConnitoError)) throw error;
          failures += 1;
          faults.set('measuring', error);
          // The newest may be on its way; an older one will not come back.
          const isDead = error.code === 'engine_died';
          if (round < archive.nextRound && !isDead) this.#unavailable.add(round);
          else await sleep(clock, backoffMs(RETRY, failures), signal).catch(() => undefined);
          if (isDead) return;
        }
      }
    } finally {
      await reporter.stop();
    }
  }

  async #open(signal: AbortSignal): Promise<StateReporter | null> {
    const { faults, clock, openReporter } = this.#parts;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await openReporter();
      } catch (error) {
        if (!(error instanceof ConnitoError)) throw error;
        faults.set('measuring', error);
        if (error.advice !== 'retry') return null;
        await sleep(clock, backoffMs(RETRY, failures), signal).catch(() => undefined);
      }
    }
    return null;
  }

  /** The newest round whose state is known and was not measured. */
  #nextRound(): number | null {
    const { archive } = this.#parts;
    const measured = new Set(
      archive.rows('SELECT before_round AS round FROM measurement').map(({ round }) => Number(round)),
    );
    for (let round = archive.nextRound; round > 0; round--) {
      if (!measured.has(round) && !this.#unavailable.has(round)) return round;
    }
    return null;
  }
}
