import { decodeCanonical, encodeCanonical, toHex, type Uid } from '@connito/protocol';
import { describe, expect, it } from 'vitest';
import { checkExtract } from './check-extract.ts';
import { EmbeddedLedger } from './embedded-ledger.ts';
import { decodeLedgerExtract, encodeLedgerExtract, type LedgerExtract } from './ledger-extract.ts';
import { RecordedLedger } from './recorded-ledger.ts';

const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' as never;
const BOB = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty' as never;
const CHARLIE = '5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y' as never;

/** Two validators and a miner over three epochs of three blocks. */
function exampleLedger(): EmbeddedLedger {
  let drawn = 0;
  const ledger = EmbeddedLedger.open(
    {
      path: ':memory:',
      genesis: {
        networkName: 'extract',
        netuid: 1,
        stakes: [ALICE, BOB].map((hotkey) => ({ hotkey, stake: '1000' })),
        tempoBlocks: 3,
      },
    },
    { entropy: () => new Uint8Array(32).fill(++drawn), clock: { nowMs: () => 1_000 } as never },
  );
  for (const hotkey of [ALICE, BOB, CHARLIE]) ledger.register(hotkey);
  ledger.announce(BOB, 'http://127.0.0.1:9999');
  for (let block = 1; block <= 9; block++) {
    if (block > 1) {
      ledger.commit(CHARLIE, Uint8Array.of(1, block));
      ledger.setWeights(ALICE, [{ uid: 2 as Uid, weight: 65_535 }]);
      ledger.setWeights(BOB, [
        { uid: 0 as Uid, weight: 10 * block },
        { uid: 2 as Uid, weight: 100 },
      ]);
    }
    ledger.seal();
  }
  return ledger;
}

describe('an extract of a ledger', () => {
  it('holds all that its hashes and payouts follow from', () => {
    using ledger = exampleLedger();
    const extract = ledger.extract(9);
    expect(checkExtract(extract)).toEqual([]);
    expect(decodeLedgerExtract(encodeLedgerExtract(extract))).toEqual(extract);
  });

  it('reads as the ledger did', async () => {
    using ledger = exampleLedger();
    const recorded = new RecordedLedger(ledger.extract(9));
    expect(await recorded.head()).toEqual(ledger.head);
    for (let number = 0; number <= 9; number++) {
      expect(await recorded.block(number)).toEqual(ledger.block(number));
      expect(await recorded.neurons(number)).toEqual(ledger.neurons(number));
      expect(await recorded.payouts(number)).toEqual(ledger.payouts(number));
      expect(
        (await recorded.notes(0, number)).map(({ data, ...rest }) => ({ ...rest, data: toHex(data) })),
      ).toEqual(ledger.notes(0, number).map(({ data, ...rest }) => ({ ...rest, data: toHex(data) })));
    }
    await expect(recorded.block(10)).rejects.toMatchObject({ code: 'unknown_block' });
    await expect(recorded.commit()).rejects.toMatchObject({ code: 'ledger_closed' });
  });

  it('is refused or found out with a byte flipped, wherever it is', () => {
    using ledger = exampleLedger();
    const bytes = encodeLedgerExtract(ledger.extract(4));
    const accepted: number[] = [];
    // Every byte takes half a minute on a busy machine; no field is shorter than the step but numbers.
    for (let at = 0; at < bytes.length; at += 5) {
      const flipped = bytes.slice();
      flipped[at] = flipped[at]! ^ 0x01;
      try {
        if (checkExtract(decodeLedgerExtract(flipped)).length === 0) accepted.push(at);
      } catch {
        // Refused before anything was recomputed.
      }
    }
    expect(accepted).toEqual([]);
  });

  it('whose producer paid out something else, is told so even where all hashes fit', () => {
    using ledger = exampleLedger();
    const honest = ledger.extract(3);
    const forged = rehashed(honest, (extract) => {
      extract.blocks[1]!.content.payouts[2]!.incentive -= 1;
    });
    const fields = checkExtract(forged).map(({ block, field }) => `${block}/${field}`);
    expect(fields).toEqual(['2/payouts.2.incentive']);
  });

  it('whose producer let an unregistered key write, or a miner weigh, is told so', () => {
    using ledger = exampleLedger();
    const forged = rehashed(ledger.extract(2), (extract) => {
      extract.blocks[1]!.content.notes[0]!.hotkey = '5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy';
      extract.blocks[1]!.content.weights[1]!.uid = 2;
    });
    const fields = checkExtract(forged).map(({ field }) => field);
    expect(fields).toContain('notes.0.hotkey');
    expect(fields).toContain('weights.2');
  });
});

type Draft = {
  genesis: LedgerExtract['genesis'];
  blocks: {
    hash: string;
    content: {
      notes: { hotkey: string }[];
      weights: { uid: number }[];
      payouts: { incentive: number }[];
    };
  }[];
};

/** An extract changed by whoever can seal blocks: every hash fits what it covers. */
function rehashed(extract: LedgerExtract, change: (draft: Draft) => void): LedgerExtract {
  const draft = decodeCanonical(encodeLedgerExtract(extract), { maxBytes: 1 << 20 }) as unknown as Draft;
  change(draft);
  for (const block of draft.blocks) {
    const [fault] = checkExtract(decodeLedgerExtract(encodeCanonical(draft as never))).filter(
      ({ field }) => field === 'hash',
    );
    if (fault === undefined) break;
    draft.blocks[fault.block - 1]!.hash = fault.expected;
    void block;
  }
  return decodeLedgerExtract(encodeCanonical(draft as never));
}
