import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLedger, serveLedger } from '@connito/ledger';
import {
  decodeExpertDocument,
  PACKAGE_FILES,
  packageIdOf,
  ReceiptLog,
  type Usage,
  writePackageFolder,
} from '@connito/market';
import { EXAMPLE_KEYS, type ExampleOptions, examplePackage } from '@connito/market/testing';
import { encodeHotkeyFile } from '@connito/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../exit-codes.ts';
import { runCli } from '../../program.ts';
import { capturedContext } from '../../testing/captured-context.ts';

const { publisher, miner, validator } = EXAMPLE_KEYS;

let folder: string;
let wallet: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connito-market-'));
  const hotkeys = join(folder, 'wallets', 'default', 'hotkeys');
  await mkdir(hotkeys, { recursive: true });
  // The example's publisher, which also serves here.
  await writeFile(join(hotkeys, 'default'), encodeHotkeyFile(new Uint8Array(32).fill(11), null));
  await writeFile(join(hotkeys, 'other'), encodeHotkeyFile(new Uint8Array(32).fill(13), null));
  wallet = ['--wallets-path', join(folder, 'wallets')];
});
afterEach(() => rm(folder, { recursive: true }));

const at = (...names: string[]) => join(folder, ...names);

async function connito(...args: string[]) {
  const context = capturedContext(folder);
  const code = await runCli([...args, '--json'], context);
  const text = code === EXIT_CODES.ok ? context.out() : context.err();
  return { code, result: JSON.parse(text) };
}

async function write(name: string, options: ExampleOptions): Promise<string> {
  await writePackageFolder(at(name), await examplePackage(options));
  return at(name);
}

describe('packages on the command line', () => {
  it('are signed, published, indexed, found, installed, compared and removed', async () => {
    const one = await write('one', { signers: [] });
    expect(await connito('package', 'verify', one)).toMatchObject({
      code: EXIT_CODES.data,
      result: { code: 'package_unsigned' },
    });
    expect((await connito('package', 'sign', one, ...wallet)).result.signers).toEqual([publisher.hotkey]);
    expect((await connito('package', 'verify', one)).result).toMatchObject({ type: 'verified', tensors: 6 });
    expect((await connito('package', 'inspect', one)).result.manifest.licence).toBe('MIT');

    const two = await write('two', { facts: { version: '1.1.0', pricePerMillionTokens: 3000 } });
    const channel = `dir:${at('channel')}`;
    for (const source of [one, two]) await connito('package', 'publish', source, '--to', channel);
    const index = ['--index', at('index.json')];
    expect((await connito('market', 'index', channel, '--out', at('index.json'))).result).toMatchObject({
      packages: 2,
      refused: [],
    });
    const found = await connito('package', 'search', 'school', '--domain', 'math', ...index);
    expect(found.result.packages.map((entry: { version: string }) => entry.version)).toEqual([
      '1.0.0',
      '1.1.0',
    ]);
    const compared = await connito('market', 'compare', 'math@1.0', 'math@1.1', ...index);
    const prices = compared.result.packages.map(
      (entry: { pricePerMillionTokens: number }) => entry.pricePerMillionTokens,
    );
    expect(prices).toEqual([2500, 3000]);

    const packages = ['--packages', at('installed')];
    expect((await connito('package', 'install', 'math', ...index, ...packages)).result.version).toBe('1.1.0');
    const difference = await connito('package', 'diff', one, 'math@1.1.0', ...packages);
    expect(difference.result).toMatchObject({ same: false, tensors: [] });
    expect(difference.result.fields).toEqual(expect.arrayContaining(['version', 'pricePerMillionTokens']));
    expect((await connito('package', 'list', ...packages)).result.packages).toMatchObject([
      { name: 'math', version: '1.1.0', fault: null },
    ]);
    expect((await connito('package', 'remove', 'math', ...packages)).result.version).toBe('1.1.0');
    expect((await connito('package', 'remove', 'math', ...packages)).code).toBe(EXIT_CODES.data);
  });

  it('are installed several at once, those before one that is missing too', async () => {
    const channel = `dir:${at('channel')}`;
    for (const version of ['1.0.0', '1.1.0']) {
      await connito('package', 'publish', await write(version, { facts: { version } }), '--to', channel);
    }
    const to = ['--from', channel, '--packages', at('installed')];
    const { code, result } = await connito('package', 'install', 'math@1.0', 'math@1.1', 'none', ...to);
    expect({ code, error: result.code }).toEqual({ code: EXIT_CODES.data, error: 'package_missing' });
    const { packages } = (await connito('package', 'list', '--packages', at('installed'))).result;
    expect(packages.map(({ version }: { version: string }) => version).sort()).toEqual(['1.0.0', '1.1.0']);
  });

  it('taken back by their publisher are not installed any more, and nobody else can take them back', async () => {
    const channel = `tarballs:${at('channel')}`;
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
      await connito('package', 'publish', await write(version, { facts: { version } }), '--to', channel);
    }
    const index = ['--index', at('index.json')];
    await connito('market', 'index', channel, '--out', at('index.json'));
    const reason = ['--reason', 'Forgets fractions.', ...index];
    const stranger = [...wallet, '--hotkey', 'other'];
    expect(await connito('market', 'revoke', 'math@1.2.0', ...reason, ...stranger)).toMatchObject({
      code: EXIT_CODES.data,
      result: { code: 'document_refused' },
    });
    const back = ['--replacement', '1.1.0'];
    expect(
      (await connito('market', 'rollback', 'math@1.2.0', ...reason, ...back, ...wallet)).result.status,
    ).toBe('rolled-back');
    const packages = ['--packages', at('installed')];
    const install = (spec: string) => connito('package', 'install', spec, ...index, ...packages);
    expect((await install('math@1')).result.version).toBe('1.1.0');
    await connito('market', 'restore', 'math@1.2.0', ...reason, ...wallet);
    expect((await install('math@1')).result.version).toBe('1.2.0');
    await connito('market', 'revoke', 'math@1.1.0', ...reason, ...wallet);
    expect(await install('math@1.1.0')).toMatchObject({
      code: EXIT_CODES.data,
      result: { code: 'package_revoked', message: expect.stringContaining('Forgets fractions.') },
    });
    // A new index of the same channel keeps what publishers said.
    await connito('market', 'index', channel, '--out', at('index.json'));
    expect((await install('math@1.1.0')).result.code).toBe('package_revoked');
  });

  it('for another base model, or under a licence that is not allowed, are refused', async () => {
    const one = await write('one', {});
    await mkdir(at('base'));
    await writeFile(at('base', 'config.json'), '{}');
    expect(await connito('package', 'verify', one, '--base', at('base'))).toMatchObject({
      code: EXIT_CODES.data,
      result: { code: 'package_wrong_base', message: expect.stringContaining('config.json') },
    });
    const install = ['package', 'install', 'math', '--from', at('channel'), '--packages', at('installed')];
    await connito('package', 'publish', one, '--to', at('channel'));
    expect((await connito(...install, '--base', at('base'))).result.code).toBe('package_wrong_base');
    expect((await connito(...install, '--allow-licence', 'Apache-2.0')).result.code).toBe(
      'package_unlicensed',
    );
    expect((await connito(...install, '--trust', validator.hotkey)).result.code).toBe(
      'publisher_not_trusted',
    );
    expect((await connito(...install, '--trust', publisher.hotkey)).code).toBe(EXIT_CODES.ok);
  });
});

describe('a server’s receipts on the command line', () => {
  it('become a statement that is paid once and that anybody checks', async () => {
    using ledger = EmbeddedLedger.open({
      path: ':memory:',
      genesis: { networkName: 'test', netuid: 1, balances: [{ hotkey: publisher.hotkey, amount: 10_000 }] },
    });
    await using server = await serveLedger({ port: 0 }, { ledger });
    const source = await write('math', {});
    const packages = ['--packages', at('installed')];
    await connito('package', 'publish', source, '--to', at('channel'));
    await connito('package', 'install', 'math', '--from', at('channel'), ...packages);
    const manifest = await readFile(join(source, PACKAGE_FILES.manifest));
    const id = packageIdOf(decodeExpertDocument(manifest).manifest);
    const receipts = ['--receipts', at('receipts.jsonl')];
    {
      await using log = await ReceiptLog.open(at('receipts.jsonl'), publisher);
      for (const tokens of [400_000, 800_001]) {
        const experts = { base: tokens, [id]: tokens } as Usage['experts'];
        const requestId = `request-${tokens}`;
        await log.append({
          requestId,
          model: 'math',
          promptTokens: 9,
          completionTokens: tokens,
          experts,
          issuedAtMs: 1,
        });
      }
    }
    const statement = at('statement.json');
    const made = await connito(
      'market',
      'statement',
      ...receipts,
      ...packages,
      ...wallet,
      '--out',
      statement,
    );
    // 1,200,001 tokens at 2500 a million.
    expect(made.result).toMatchObject({ total: 3000, carriedMillionths: 2500, tokens: 1_200_019 });
    const check = () =>
      connito('market', 'check', statement, ...receipts, ...packages, '--ledger', server.url.href);
    expect((await check()).result).toMatchObject({ total: 3000, payment: null });
    const settle = () => connito('market', 'settle', statement, ...wallet, '--ledger', server.url.href);
    const paid = await settle();
    expect(paid.result).toMatchObject({ type: 'settled', total: 3000, block: 1 });
    expect((await settle()).result).toEqual(paid.result);
    ledger.seal();
    expect((await check()).result.payment).toMatchObject({ block: 1, total: 3000 });
    const have = [publisher, miner, validator].map(({ hotkey }) => ledger.balance(hotkey, 1));
    expect(have.reduce((sum, balance) => sum + balance)).toBe(10_000);
    expect(have[0]).toBe(7000);

    const bytes = await readFile(statement);
    bytes[bytes.indexOf('3000')]! += 1;
    await writeFile(statement, bytes);
    expect(await check()).toMatchObject({ code: EXIT_CODES.data, result: { code: 'document_refused' } });
  });
});
