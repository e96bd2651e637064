import { EmbeddedLedger } from '@connito/ledger';
import type { Keypair } from '@connito/node';
import { type Hotkey, sha256, toHex, utf8 } from '@connito/protocol';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  decodeExpertDocument,
  type ExpertManifest,
  packageIdOf,
  SHARE_UNITS,
} from '../package/expert-manifest.ts';
import { PACKAGE_FILES } from '../package/layout.ts';
import { EMPTY_CHAIN, nextHead, type SignedReceipt, signReceipt, type Usage } from '../receipt/receipt.ts';
import { EXAMPLE_KEYS, exampleFacts, examplePackage } from '../testing/example-package.ts';
import { LedgerSettlement } from './settlement.ts';
import {
  decodeStatement,
  encodeStatement,
  requireStatement,
  type Statement,
  signStatement,
  statementHashOf,
  statementOf,
  type Terms,
  termsOf,
} from './statement.ts';

const { publisher: server, miner, validator } = EXAMPLE_KEYS;

/** Arithmetic is tested over many receipts, whose signatures are not what is tested here. */
const anySignature = () => true;

async function manifestOf(
  name: string,
  price: number,
  shares: readonly [Keypair, number][],
): Promise<ExpertManifest> {
  const { lineage } = exampleFacts();
  const miners = shares
    .map(([{ hotkey }, share]) => ({ hotkey, share }))
    .sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1));
  const files = await examplePackage({
    facts: { name, pricePerMillionTokens: price, lineage: { ...lineage, miners } },
    signers: [],
  });
  return decodeExpertDocument(files.get(PACKAGE_FILES.manifest)!).manifest;
}

let math: ExpertManifest;
let law: ExpertManifest;
let terms: Terms;
beforeAll(async () => {
  math = await manifestOf('math', 2_500_000, [
    [miner, 700_000_001],
    [validator, 299_999_999],
  ]);
  law = await manifestOf('law', 1, [[miner, SHARE_UNITS]]);
  terms = termsOf([math, law]);
});

async function receiptsOf(
  used: readonly { readonly math?: number; readonly law?: number }[],
  sign: (message: Uint8Array) => Uint8Array = server.sign,
): Promise<SignedReceipt[]> {
  const receipts: SignedReceipt[] = [];
  let head = EMPTY_CHAIN;
  for (const { math: mathTokens = 0, law: lawTokens = 0 } of used) {
    const usage: Usage = {
      requestId: `request-${head.length}`,
      model: 'math+law',
      promptTokens: 0,
      completionTokens: mathTokens + lawTokens,
      experts: {
        base: 0,
        [packageIdOf(math)]: mathTokens,
        [packageIdOf(law)]: lawTokens,
      } as Usage['experts'],
      issuedAtMs: 0,
    };
    const receipt = { sequence: head.length, previous: head.hash, server: server.hotkey, usage };
    const signed = await signReceipt(receipt, sign);
    receipts.push(signed);
    head = nextHead(head, signed, server.hotkey);
  }
  return receipts;
}

const of = (receipts: readonly SignedReceipt[], previous: Statement | null = null) =>
  statementOf(receipts, terms, previous, server.hotkey, anySignature);

describe('a statement', () => {
  it('pays for use at the price, and each miner its share of it', async () => {
    const statement = of(await receiptsOf([{ math: 10 }, { math: 30, law: 7 }]));
    expect(statement).toMatchObject({
      total: 100,
      tokens: 47,
      carriedMillionths: 7,
      number: 0,
      previous: null,
    });
    const amounts = Object.fromEntries(statement.payees.map(({ hotkey, amount }) => [hotkey, amount]));
    expect(amounts).toEqual({ [miner.hotkey]: 70, [validator.hotkey]: 30 });
    expect(statement.packages.map(({ name, tokens, amount }) => [name, tokens, amount]).sort()).toEqual([
      ['law', 7, 0],
      ['math', 40, 100],
    ]);
  });

  it('carries parts of a unit to the next one, so that nothing is lost by stating often', async () => {
    const receipts = await receiptsOf(Array.from({ length: 7 }, () => ({ law: 300_000 })));
    const totals: number[] = [];
    let previous: Statement | null = null;
    for (let end = 1; end <= receipts.length; end++) {
      previous = of(receipts.slice(0, end), previous);
      totals.push(previous.total);
    }
    expect(totals).toEqual([0, 0, 0, 1, 0, 0, 1]);
    expect(of(receipts)).toMatchObject({ total: 2, carriedMillionths: 100_000 });
    expect(previous!.carriedMillionths).toBe(100_000);
  });

  it('adds up to the last unit, over packages, miners and periods, whatever was used', async () => {
    const use = fc.record({ math: fc.nat(5_000_000), law: fc.nat(5_000_000) });
    const sign = (message: Uint8Array) => sha256(message);
    const fakeSign = (message: Uint8Array) => Uint8Array.from([...sign(message), ...sign(message)]);
    await fc.assert(
      fc.asyncProperty(fc.array(use, { minLength: 1, maxLength: 8 }), fc.nat(7), async (used, cut) => {
        const receipts = await receiptsOf(used, fakeSign);
        const parts = [Math.min(cut + 1, receipts.length), receipts.length];
        let previous: Statement | null = null;
        let paid = 0n;
        for (const end of new Set(parts)) {
          const statement = of(receipts.slice(0, end), previous);
          const sum = (list: readonly { readonly amount: number }[]) =>
            list.reduce((total, { amount }) => total + BigInt(amount), 0n);
          expect(sum(statement.packages)).toBe(BigInt(statement.total));
          expect(sum(statement.payees)).toBe(BigInt(statement.total));
          for (const { amount, payees } of statement.packages) expect(sum(payees)).toBe(BigInt(amount));
          paid += BigInt(statement.total);
          previous = statement;
        }
        const owed = used.reduce(
          (total, { math: m, law: l }) => total + BigInt(m) * 2_500_000n + BigInt(l),
          0n,
        );
        expect(paid * 1_000_000n + BigInt(previous!.carriedMillionths)).toBe(owed);
      }),
      { numRuns: 60 },
    );
  });

  it('is refused where its sums are no exact numbers, or it is larger than anybody would read', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const huge = await receiptsOf([{ law: most }, { law: most }]);
    expect(() => statementOf(huge, terms, null, server.hotkey)).toThrow(/more than any ledger holds/);
    const statement = statementOf(await receiptsOf([{ law: 5 }]), terms, null, server.hotkey);
    const payee = { hotkey: miner.hotkey, amount: 1 };
    const crowded = { ...statement, payees: new Array(70_000).fill(payee) };
    await expect(signStatement(crowded, server.sign)).rejects.toMatchObject({
      code: 'document_refused',
      message: expect.stringContaining('70000 payees'),
    });
  });

  it('can be computed anew by anybody, also when the log has grown', async () => {
    const receipts = await receiptsOf([{ math: 10 }, { law: 5 }, { math: 3 }]);
    const one = of(receipts.slice(0, 2));
    const two = of(receipts, one);
    expect(() => requireStatement(one, receipts, terms, null)).not.toThrow();
    expect(() => requireStatement(two, receipts, terms, one)).not.toThrow();
  });

  it('that pays others, more, or for other receipts is found out', async () => {
    const receipts = await receiptsOf([{ math: 10 }, { math: 20 }]);
    const honest = of(receipts);
    const [first] = honest.payees;
    const wrong: Statement[] = [
      { ...honest, payees: [{ ...first!, hotkey: server.hotkey as Hotkey }, ...honest.payees.slice(1)] },
      { ...honest, total: honest.total + 1 },
      { ...honest, tokens: 31 },
      { ...honest, receipts: { ...honest.receipts, head: 'f'.repeat(64) } },
      { ...honest, packages: [] },
      of(receipts.slice(0, 1)),
    ];
    for (const statement of wrong.slice(0, -1)) {
      expect(() => requireStatement(statement, receipts, terms, null)).toThrow(
        expect.objectContaining({ code: 'statement_differs' }),
      );
    }
    // A statement of fewer receipts is right in itself, and the next one must go on from it.
    expect(of(receipts, wrong.at(-1)!).receipts).toMatchObject({ first: 1, end: 2 });
    expect(() => of(receipts, honest)).toThrow(/no receipt after number 1/);
  });

  it('refuses receipts that are not signed, are another server’s, or whose terms are unknown', async () => {
    const receipts = await receiptsOf([{ math: 1 }]);
    const forged = [{ ...receipts[0]!, signature: '0'.repeat(128) }];
    expect(() => statementOf(forged, terms, null, server.hotkey)).toThrow(
      expect.objectContaining({ code: 'receipts_corrupt' }),
    );
    expect(() => statementOf(receipts, terms, null, miner.hotkey)).toThrow(
      expect.objectContaining({ code: 'receipts_corrupt' }),
    );
    expect(() => statementOf(receipts, termsOf([law]), null, server.hotkey)).toThrow(/terms of package/);
  });

  it('is refused with any one byte flipped', async () => {
    const signed = await signStatement(of(await receiptsOf([{ math: 9 }])), server.sign);
    const bytes = encodeStatement(signed);
    expect(decodeStatement(bytes)).toEqual(signed);
    for (let at = 0; at < bytes.length; at += 41) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1;
      expect(() => decodeStatement(flipped), `byte ${at}`).toThrow(
        expect.objectContaining({ code: 'document_refused' }),
      );
    }
  });
});

describe('settlement on the embedded ledger', () => {
  it('pays every payee once, and anybody finds the payment', async () => {
    using ledger = EmbeddedLedger.open({
      path: ':memory:',
      genesis: { networkName: 'test', netuid: 1, balances: [{ hotkey: server.hotkey, amount: 1000 }] },
    });
    const statement = of(await receiptsOf([{ math: 40 }]));
    const signed = await signStatement(statement, server.sign);
    const settlement = new LedgerSettlement(ledger.as(server));
    const proof = await settlement.settle(signed);
    expect(await settlement.settle(signed)).toEqual(proof);
    expect(proof).toEqual({ reference: statementHashOf(statement), block: 1, total: 100 });
    ledger.seal();
    const have = [server, miner, validator].map(({ hotkey }) => ledger.balance(hotkey, 1));
    expect(have).toEqual([900, 70, 30]);
    const stranger = new LedgerSettlement(ledger.as(validator));
    expect(await stranger.find(statement, { from: 0, to: 1 })).toEqual(proof);
    expect(await stranger.find({ ...statement, total: 1 }, { from: 0, to: 1 })).toBeNull();
  });

  it('refuses a statement that another key signed, and one that the server cannot pay', async () => {
    using ledger = EmbeddedLedger.open({ path: ':memory:', genesis: { networkName: 'test', netuid: 1 } });
    const statement = of(await receiptsOf([{ math: 40 }]));
    const settlement = new LedgerSettlement(ledger.as(server));
    const digits = toHex(validator.sign(utf8('something else')));
    await expect(settlement.settle({ statement, signature: digits })).rejects.toMatchObject({
      code: 'document_refused',
    });
    const signed = await signStatement(statement, server.sign);
    await expect(settlement.settle(signed)).rejects.toMatchObject({ code: 'insufficient_balance' });
  });
});
