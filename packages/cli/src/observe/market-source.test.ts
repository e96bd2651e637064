import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLedger, type Ledger } from '@connito/ledger';
import {
  decodeExpertDocument,
  EMPTY_INDEX,
  encodeIndex,
  encodeStatement,
  entryOf,
  LedgerSettlement,
  PACKAGE_FILES,
  type PackageIndex,
  packageIdOf,
  ReceiptLog,
  readReceipts,
  type SignedStatement,
  signNotice,
  signStatement,
  statementOf,
  termsOf,
  type Usage,
  withEntry,
  withNotice,
} from '@connito/market';
import { EXAMPLE_KEYS, examplePackage } from '@connito/market/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MarketSource } from './market-source.ts';

const { publisher } = EXAMPLE_KEYS;
const { signal } = new AbortController();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connito-market-source-'));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

async function exampleDocument() {
  return decodeExpertDocument((await examplePackage()).get(PACKAGE_FILES.manifest)!);
}

/** What the publisher owes for a million and some tokens of its own package. */
async function exampleStatement(): Promise<SignedStatement> {
  const { manifest } = await exampleDocument();
  {
    await using log = await ReceiptLog.open(at('receipts.jsonl'), publisher);
    const tokens = 1_200_001;
    const experts = { base: tokens, [packageIdOf(manifest)]: tokens } as Usage['experts'];
    const usage = { requestId: 'one', model: 'math', promptTokens: 9, completionTokens: tokens, experts };
    await log.append({ ...usage, issuedAtMs: 1 });
  }
  const receipts = await readReceipts(at('receipts.jsonl'), publisher.hotkey);
  const statement = statementOf(receipts, termsOf([manifest]), null, publisher.hotkey);
  return signStatement(statement, publisher.sign);
}

function openLedger(): EmbeddedLedger {
  const balances = [{ hotkey: publisher.hotkey, amount: 10_000 }];
  return EmbeddedLedger.open({ path: ':memory:', genesis: { networkName: 'test', netuid: 1, balances } });
}

describe('a market for the dashboard', () => {
  it('has what its index says, and follows the index as publishers give notice', async () => {
    const document = await exampleDocument();
    let index: PackageIndex = withEntry(EMPTY_INDEX, entryOf(document, ['dir:/packages']));
    await writeFile(at('index.json'), encodeIndex(index));
    const source = new MarketSource({ index: at('index.json'), statements: [], ledger: {} as Ledger });
    const [before] = (await source.read(signal)).packages;
    expect(before).toMatchObject({
      name: 'math',
      status: 'active',
      notice: null,
      gain: { meanNanoNats: 817_400_000 },
      worstGeneral: { domain: 'prose', meanNanoNats: -1_000_000 },
      publisher: publisher.hotkey,
    });

    const { name, version, id } = index.entries[0]!;
    const notice = { kind: 'revoke', name, version, package: id, sequence: 0, replacement: null } as const;
    const reason = 'Forgets fractions.';
    const signed = await signNotice({ ...notice, reason, publisher: publisher.hotkey }, publisher.sign);
    index = withNotice(index, signed);
    await writeFile(at('index.json'), encodeIndex(index));
    const [after] = (await source.read(signal)).packages;
    expect(after).toMatchObject({ status: 'revoked', notice: { kind: 'revoke', reason } });

    // What no publisher signed is not shown.
    const forged = structuredClone(index);
    forged.notices[0]!.notice.reason = 'Is fine again.';
    await writeFile(at('index.json'), encodeIndex(forged));
    await expect(source.read(signal)).rejects.toMatchObject({ code: 'document_refused' });
  });

  it('has the statements of a folder, and says which the ledger has seen paid', async () => {
    using ledger = openLedger();
    const signed = await exampleStatement();
    await writeFile(at('statement.json'), encodeStatement(signed));
    const view = ledger.as(publisher);
    const source = new MarketSource({ statements: [folder], ledger: view });
    const read = async () => (await source.read(signal)).statements[0]!;
    expect(await read()).toMatchObject({ total: 3000, payment: { kind: 'unpaid', upToBlock: 0 } });
    await new LedgerSettlement(view).settle(signed);
    ledger.seal();
    const paid = await read();
    expect(paid.payment).toEqual({ kind: 'paid', block: 1 });
    expect(paid.payees.reduce((sum, { amount }) => sum + amount, 0)).toBe(paid.total);
  });

  it('does not know of payments on a ledger that holds no money', async () => {
    await writeFile(at('statement.json'), encodeStatement(await exampleStatement()));
    const source = new MarketSource({ statements: [at('statement.json')], ledger: {} as Ledger });
    expect((await source.read(signal)).statements[0]!.payment).toEqual({ kind: 'unknown' });
  });

  it('names the file that cannot be read', async () => {
    const source = new MarketSource({ index: at('none.json'), statements: [], ledger: {} as Ledger });
    await expect(source.read(signal)).rejects.toMatchObject({ code: 'file_unusable' });
  });
});
