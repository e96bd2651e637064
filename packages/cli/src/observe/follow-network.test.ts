import type { Block, Ledger } from '@connito/ledger';
import { ManualClock } from '@connito/node';
import { ConnitoError, type Schedule } from '@connito/protocol';
import { describe, expect, it } from 'vitest';
import { sampleRound } from '../testing/sample-network.ts';
import { followNetwork } from './follow-network.ts';
import type { FinishedRound, NetworkEvent } from './network-event.ts';

const SCHEDULE: Schedule = {
  genesisBlock: 2,
  distribute: 1,
  train: 1,
  commit: 1,
  reveal: 1,
  evaluate: 2,
  attest: 1,
  vote: 1,
  state: 1,
  publish: 1,
};

/** A chain whose blocks are sealed by the test. */
class TestChain {
  #head = 0;
  #waiting: (() => void)[] = [];

  readonly ledger = {
    head: async () => this.#block(),
    waitForBlock: async (number: number, signal: AbortSignal) => {
      while (this.#head < number) {
        await new Promise<void>((resolve, reject) => {
          this.#waiting.push(resolve);
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
      }
      return this.#block();
    },
  } as Pick<Ledger, 'head' | 'waitForBlock'> as Ledger;

  async sealUpTo(number: number): Promise<void> {
    while (this.#head < number) {
      this.#head++;
      for (const wake of this.#waiting.splice(0)) wake();
      // Lets the follower take its turn at every block.
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  }

  #block(): Block {
    return { number: this.#head, hash: '', parentHash: '', timestampMs: 0 };
  }
}

function follow(
  chain: TestChain,
  options: { nextRound?: number; maxRounds?: number; read?: (round: number) => Promise<FinishedRound> } = {},
) {
  const events: NetworkEvent[] = [];
  const rounds: number[] = [];
  const controller = new AbortController();
  const clock = new ManualClock();
  const done = followNetwork(
    {
      ledger: chain.ledger,
      schedule: SCHEDULE,
      clock,
      reader: { read: options.read ?? (async (round) => sampleRound(round)) },
      nextRound: options.nextRound ?? 0,
      maxRounds: options.maxRounds ?? null,
      onEvent: (event) => events.push(event),
      onRound: async ({ round }) => {
        rounds.push(round);
      },
    },
    controller.signal,
  );
  return { events, rounds, controller, clock, done };
}

describe('following a network', () => {
  it('tells every phase of a round as it is entered', async () => {
    const chain = new TestChain();
    const { events, controller, done } = follow(chain);
    await chain.sealUpTo(11);
    controller.abort();
    await done;
    const entered = events.flatMap((event) =>
      event.type === 'phase' && event.entered ? [`${event.round}/${event.step ?? event.phase}`] : [],
    );
    expect(entered).toEqual([
      'null/waiting',
      ...['distribute', 'train', 'commit', 'reveal', 'evaluate', 'attest', 'vote', 'state', 'publish'].map(
        (phase) => `0/${phase}`,
      ),
      '1/distribute',
    ]);
  });

  it('reads a round once all its blocks are sealed, and ends after as many as wanted', async () => {
    const chain = new TestChain();
    const { rounds, done } = follow(chain, { maxRounds: 2 });
    await chain.sealUpTo(10);
    expect(rounds).toEqual([]);
    await chain.sealUpTo(11);
    await expect.poll(() => rounds).toEqual([0]);
    await chain.sealUpTo(21);
    await done;
    expect(rounds).toEqual([0, 1]);
  });

  it('catches up with rounds that were finished but not read', async () => {
    const chain = new TestChain();
    await chain.sealUpTo(35);
    const { rounds, done } = follow(chain, { nextRound: 1, maxRounds: 2 });
    await done;
    expect(rounds).toEqual([1, 2]);
  });

  it('waits for a round whose artifacts are not there yet', async () => {
    const chain = new TestChain();
    await chain.sealUpTo(11);
    let attempts = 0;
    const { rounds, events, clock, done } = follow(chain, {
      maxRounds: 1,
      read: async (round) => {
        if (attempts++ === 0) throw new ConnitoError('artifact_missing', 'Not there.', { advice: 'retry' });
        return sampleRound(round);
      },
    });
    await expect.poll(() => events.some(({ type }) => type === 'warning')).toBe(true);
    clock.advance(60_000);
    await done;
    expect(rounds).toEqual([0]);
  });

  it('fails where a round can never be read', async () => {
    const chain = new TestChain();
    await chain.sealUpTo(11);
    const { done } = follow(chain, {
      read: async () => {
        throw new ConnitoError('base_model_mismatch', 'Another model.', { advice: 'fatal' });
      },
    });
    await expect(done).rejects.toMatchObject({ code: 'base_model_mismatch' });
  });
});
