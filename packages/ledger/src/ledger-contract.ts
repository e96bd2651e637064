import { type Keypair, keypairFromMiniSecret } from '@connito/node';
import { utf8 } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ledger, MAX_NOTE_BYTES } from './ledger.ts';

/** A ledger to be tested, with a clock the test controls. */
export type LedgerUnderTest = AsyncDisposable & {
  /** A client for one hotkey. */
  as(keypair: Keypair): Ledger;
  /** Makes the open block sealed. */
  seal(): Promise<void>;
};

export type LedgerContractSetup = {
  readonly stakes: readonly { readonly hotkey: Keypair['hotkey']; readonly stake: bigint }[];
  /** An epoch ends with every block whose successor is a multiple of this. */
  readonly tempoBlocks: number;
};

/** Key pairs are made once: deriving one takes milliseconds. */
const [alice, bob, carol] = [1, 2, 3].map((seed) => keypairFromMiniSecret(new Uint8Array(32).fill(seed))) as [
  Keypair,
  Keypair,
  Keypair,
];

/**
 * What every ledger must do. `create` makes a fresh one for each test, with the given stakes and tempo, at its genesis
 * block or later.
 */
export function describeLedger(
  name: string,
  create: (setup: LedgerContractSetup) => Promise<LedgerUnderTest>,
): void {
  describe(`${name} as a ledger`, () => {
    let subject: LedgerUnderTest;
    let ledger: Ledger;
    const never = new AbortController().signal;
    beforeEach(async () => {
      const stakes = [
        { hotkey: alice.hotkey, stake: 300n },
        { hotkey: bob.hotkey, stake: 100n },
      ];
      subject = await create({ stakes, tempoBlocks: 4 });
      ledger = subject.as(alice);
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    const sealUntil = async (number: number) => {
      while ((await ledger.head()).number < number) await subject.seal();
    };

    it('chains blocks by hash', async () => {
      const first = await ledger.head();
      await subject.seal();
      await subject.seal();
      const head = await ledger.head();
      expect(head.number).toBe(first.number + 2);
      const middle = await ledger.block(head.number - 1);
      expect(head.parentHash).toBe(middle.hash);
      expect(middle.parentHash).toBe(first.hash);
      expect(head.hash).toMatch(/^[0-9a-f]{64}$/);
      expect(await ledger.block(head.number)).toEqual(head);
    });

    it('refuses blocks that are not sealed', async () => {
      const { number } = await ledger.head();
      const refusal = { code: 'unknown_block' };
      await expect(ledger.block(number + 1)).rejects.toMatchObject(refusal);
      await expect(ledger.neurons(number + 1)).rejects.toMatchObject(refusal);
      await expect(ledger.notes(number, number + 1)).rejects.toMatchObject(refusal);
      await expect(ledger.payouts(number + 1)).rejects.toMatchObject(refusal);
    });

    it('wakes those who wait for a block, and only those', async () => {
      const { number } = await ledger.head();
      const woken: number[] = [];
      const waits = [1, 2].map(async (ahead) => {
        await ledger.waitForBlock(number + ahead, never);
        woken.push(ahead);
      });
      expect((await ledger.waitForBlock(number, never)).number).toBe(number);
      await subject.seal();
      await waits[0];
      expect(woken).toEqual([1]);
      await subject.seal();
      await Promise.all(waits);
    });

    it('ends a wait when its signal fires', async () => {
      const controller = new AbortController();
      const waiting = ledger.waitForBlock(1_000_000, controller.signal);
      controller.abort(new Error('stopping'));
      await expect(waiting).rejects.toThrow('stopping');
    });

    it('registers a hotkey once, visible from the next sealed block on', async () => {
      const before = await ledger.head();
      const uid = await ledger.register();
      expect(await ledger.register()).toBe(uid);
      expect(await subject.as(bob).register()).not.toBe(uid);
      expect(await ledger.neurons(before.number)).toEqual([]);
      await subject.seal();
      const neurons = await ledger.neurons(before.number + 1);
      expect(neurons.map(({ hotkey }) => hotkey)).toEqual([alice.hotkey, bob.hotkey]);
      expect(neurons[0]).toEqual({
        uid,
        hotkey: alice.hotkey,
        stake: 300n,
        validatorPermit: true,
        endpoint: null,
        registeredAtBlock: before.number + 1,
      });
    });

    it('gives no permit without stake', async () => {
      await subject.as(carol).register();
      await subject.seal();
      const [neuron] = await ledger.neurons((await ledger.head()).number);
      expect(neuron).toMatchObject({ stake: 0n, validatorPermit: false });
    });

    it('keeps notes in order with their blocks, unseen until sealed', async () => {
      const other = subject.as(bob);
      await ledger.register();
      await other.register();
      const { number } = await ledger.head();
      expect(await ledger.commit(utf8('first'))).toBe(number + 1);
      expect(await other.commit(utf8('second'))).toBe(number + 1);
      expect(await ledger.notes(number, number)).toEqual([]);
      await subject.seal();
      expect(await ledger.commit(utf8('third'))).toBe(number + 2);
      await subject.seal();
      const notes = await other.notes(number + 1, number + 2);
      expect(notes.map(({ hotkey, block, data }) => [hotkey, block, Buffer.from(data).toString()])).toEqual([
        [alice.hotkey, number + 1, 'first'],
        [bob.hotkey, number + 1, 'second'],
        [alice.hotkey, number + 2, 'third'],
      ]);
      expect(notes[1]!.index).toBeGreaterThan(notes[0]!.index);
      expect(await other.notes(number + 2, number + 2)).toHaveLength(1);
    });

    it('keeps a note of the largest size and refuses others', async () => {
      await ledger.register();
      const largest = new Uint8Array(MAX_NOTE_BYTES).fill(255);
      const block = await ledger.commit(largest);
      await expect(ledger.commit(new Uint8Array(MAX_NOTE_BYTES + 1))).rejects.toMatchObject({
        code: 'invalid_note_size',
      });
      await expect(ledger.commit(new Uint8Array(0))).rejects.toMatchObject({ code: 'invalid_note_size' });
      await subject.seal();
      const [note] = await ledger.notes(block, block);
      expect(note?.data).toEqual(largest);
    });

    it('takes nothing from hotkeys that are not registered', async () => {
      const refusal = { code: 'not_registered' };
      await expect(ledger.commit(utf8('hello'))).rejects.toMatchObject(refusal);
      await expect(ledger.announce('http://203.0.113.1:80')).rejects.toMatchObject(refusal);
      await expect(ledger.setWeights([])).rejects.toMatchObject(refusal);
      await expect(ledger.ready(1)).rejects.toMatchObject(refusal);
    });

    it('announces endpoints', async () => {
      await ledger.register();
      await ledger.announce('http://203.0.113.7:8091');
      await subject.seal();
      const [neuron] = await ledger.neurons((await ledger.head()).number);
      expect(neuron?.endpoint).toBe('http://203.0.113.7:8091');
      await expect(ledger.announce('not a url')).rejects.toMatchObject({ code: 'invalid_endpoint' });
    });

    it('lets permitted validators set weights for registered uids only', async () => {
      const miner = subject.as(carol);
      const validatorUid = await ledger.register();
      const minerUid = await miner.register();
      await subject.seal();
      await ledger.setWeights([{ uid: minerUid, weight: 65_535 }]);
      await expect(miner.setWeights([{ uid: validatorUid, weight: 1 }])).rejects.toMatchObject({
        code: 'no_validator_permit',
      });
      const unknown = { uid: (minerUid + 1) as typeof minerUid, weight: 1 };
      const once = { uid: minerUid, weight: 1 };
      for (const weights of [[unknown], [once, once]]) {
        await expect(ledger.setWeights(weights)).rejects.toMatchObject({ code: 'invalid_weights' });
      }
    });

    it('pays at the end of an epoch by the weights that stand then', async () => {
      const miner = subject.as(carol);
      await ledger.register();
      await subject.as(bob).register();
      const minerUid = await miner.register();
      await subject.seal();
      const start = (await ledger.head()).number;
      expect(await ledger.payouts(start)).toEqual([]);
      for (const validator of [ledger, subject.as(bob)])
        await validator.setWeights([{ uid: minerUid, weight: 9 }]);
      const epochEnd = start + 4 - ((start + 1) % 4);
      await sealUntil(epochEnd);
      const payouts = await ledger.payouts(epochEnd);
      const paid = payouts.find(({ uid }) => uid === minerUid);
      expect(paid?.incentive).toBeGreaterThan(999_999_000);
      expect(payouts.reduce((sum, { emission }) => sum + emission, 0)).toBeLessThanOrEqual(1_000_000_000);
      expect(payouts.reduce((sum, { dividends }) => sum + dividends, 0)).toBeGreaterThan(999_999_000);
      await subject.seal();
      expect(await ledger.payouts(epochEnd + 1)).toEqual(payouts);
    });
  });
}
