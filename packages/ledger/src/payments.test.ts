import { keypairFromMiniSecret } from '@connito/node';
import { fromHex, type Hotkey } from '@connito/protocol';
import { describe, expect, it } from 'vitest';
import { blockHashOf, contentHashOf } from './block-hash.ts';
import { checkExtract, NO_PARENT } from './check-extract.ts';
import { EmbeddedLedger } from './embedded-ledger.ts';
import type { GenesisInput } from './genesis.ts';
import { HttpLedger } from './http-ledger.ts';
import { decodeLedgerExtract, encodeLedgerExtract, type SealedContent } from './ledger-extract.ts';
import { serveLedger } from './ledger-server.ts';
import { describePaymentLedger } from './payments-contract.ts';

const open = (balances: GenesisInput['balances'] & {}) =>
  EmbeddedLedger.open({ path: ':memory:', genesis: { networkName: 'test', netuid: 1, balances } });

describePaymentLedger('The embedded ledger', async (balances) => {
  const ledger = open([...balances]);
  return {
    as: (keypair) => ledger.as(keypair),
    seal: async () => {
      ledger.seal();
    },
    [Symbol.asyncDispose]: async () => ledger.close(),
  };
});

describePaymentLedger('The embedded ledger over HTTP', async (balances) => {
  const ledger = open([...balances]);
  const server = await serveLedger({ port: 0 }, { ledger });
  return {
    as: (keypair) => new HttpLedger({ url: server.url }, { keypair }),
    seal: async () => {
      ledger.seal();
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      ledger.close();
    },
  };
});

describe('payments in a ledger extract', () => {
  it('are recomputed: a changed balance, or more than the payer had, is found', () => {
    const [alice, bob] = [1, 2].map(
      (seed) => keypairFromMiniSecret(new Uint8Array(32).fill(seed)).hotkey,
    ) as [Hotkey, Hotkey];
    using ledger = open([{ hotkey: alice, amount: 10 }]);
    ledger.pay(alice, 'a'.repeat(64), [{ to: bob, amount: 7 }]);
    ledger.seal();
    ledger.pay(bob, 'a'.repeat(64), [{ to: alice, amount: 7 }]);
    ledger.seal();
    const extract = decodeLedgerExtract(encodeLedgerExtract(ledger.extract(2)));
    expect(checkExtract(extract)).toEqual([]);

    const [first, second] = extract.blocks as [SealedContent, SealedContent];
    const richer = {
      ...extract,
      blocks: [{ ...first, content: { ...first.content, payments: [] } }, second],
    };
    expect(checkExtract(richer)).toMatchObject([{ block: 1, field: 'hash' }]);

    // A ledger that lets somebody pay what it has not, and seals that.
    using forged = open([{ hotkey: alice, amount: 20 }]);
    forged.pay(alice, 'a'.repeat(64), [{ to: bob, amount: 17 }]);
    forged.seal();
    const { genesis, blocks } = forged.extract(1);
    const content = { ...genesis.content, balances: [{ hotkey: alice, amount: 10 }] };
    const { entropy, timestampMs } = genesis;
    const hash = blockHashOf({
      number: 0,
      parentHash: NO_PARENT,
      timestampMs,
      entropy: fromHex(entropy),
      contentHash: contentHashOf({ genesis: content }),
    });
    const block = blocks[0]!;
    const rehashed = blockHashOf({
      number: 1,
      parentHash: hash,
      timestampMs: block.timestampMs,
      entropy: fromHex(block.entropy),
      contentHash: contentHashOf(block.content),
    });
    const poorer = {
      ...extract,
      genesis: { ...genesis, content, hash },
      blocks: [{ ...block, hash: rehashed }],
    };
    expect(checkExtract(poorer)).toMatchObject([{ block: 1, field: 'payments.0' }]);
  });
});
