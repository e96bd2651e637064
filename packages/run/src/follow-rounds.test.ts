import { EmbeddedLedger, type Ledger } from '@connito/ledger';
import { instantClock, keypairFromMiniSecret, silentLog } from '@connito/node';
import { type Advice, ConnitoError, type Schedule } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followRounds } from './follow-rounds.ts';

const schedule: Schedule = {
  ...{ genesisBlock: 1, distribute: 1, train: 1, commit: 1, reveal: 1, evaluate: 2 },
  ...{ attest: 1, vote: 1, state: 1, publish: 1 },
};
const { hotkey } = keypairFromMiniSecret(new Uint8Array(32).fill(1));

describe('following rounds', () => {
  let embedded: EmbeddedLedger;
  let ledger: Ledger;
  beforeEach(() => {
    embedded = EmbeddedLedger.open({ path: ':memory:', genesis: { networkName: 'test', netuid: 1 } });
    // A network of one node: a block is sealed as soon as this node is ready for it.
    const ready = async (block: number): Promise<void> => {
      if (embedded.head.number < block) embedded.seal();
    };
    ledger = { ...embedded.as(hotkey), ready };
  });
  afterEach(() => embedded.close());

  /** Blocks that work was begun for, until one of that number is; `fail` says with what advice work on a block fails. */
  async function follow(until: number, fail: (block: number, attempt: number) => Advice | null) {
    const begun: number[] = [];
    const stopping = new AbortController();
    const following = followRounds(
      { definition: { schedule }, ledger, log: silentLog, clock: instantClock },
      async (_, block) => {
        begun.push(block);
        if (block >= until) stopping.abort();
        const advice = fail(block, begun.filter((other) => other === block).length);
        if (advice !== null) throw new ConnitoError('test', 'fails', { advice });
      },
      stopping.signal,
    );
    const error = await following.then(
      () => null,
      (reason: unknown) => (stopping.signal.aborted ? null : reason),
    );
    return { begun, error };
  }

  it('goes on with the next block where work must not be tried again, as after a training that diverged', async () => {
    const { begun, error } = await follow(4, (block) => (block === 2 ? 'reject' : null));
    expect({ begun, error }).toEqual({ begun: [1, 2, 3, 4], error: null });
  });

  it('tries again while the block is open', async () => {
    const { begun } = await follow(3, (block, attempt) => (block === 2 && attempt < 3 ? 'retry' : null));
    expect(begun).toEqual([1, 2, 2, 2, 3]);
  });

  it('leaves a block that was sealed meanwhile', async () => {
    const { begun } = await follow(3, (block) => {
      if (block !== 2) return null;
      embedded.seal();
      return 'retry';
    });
    expect(begun).toEqual([1, 2, 3]);
  });

  it('ends with what is fatal, as a dead engine, so that its process can be started again', async () => {
    const { begun, error } = await follow(4, (block) => (block === 2 ? 'fatal' : null));
    expect(error).toMatchObject({ code: 'test', advice: 'fatal' });
    expect(begun).toEqual([1, 2]);
  });
});
