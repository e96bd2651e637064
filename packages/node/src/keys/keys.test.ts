import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fromHex, toHex, utf8, verifySr25519 } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeHotkeyFile, encodeHotkeyFile } from './hotkey-file.ts';
import { keypairFromMiniSecret } from './keypair.ts';
import { miniSecretOf, newMnemonic } from './mini-secret.ts';
import { createHotkey, hotkeyPath, loadHotkey, loadOrCreateHotkey } from './wallet.ts';

/** Substrate's development phrase and the mini secret of its hard derivation //Alice. */
const DEVELOPMENT_PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const DEVELOPMENT_SEED = 'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e';
const ALICE_SEED = 'e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a';
const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY';
const ALICE_PRIVATE_KEY =
  '33a6f3093f158a7109f679410bef1a0c54168145e0cecb4df006c1c2fffb1f09925a225d97aa00682d6a59b95b18780c10d7032336e88f3442b42361f4a66011';

describe('hotkey derivation', () => {
  it('derives the mini secret from the entropy, as Substrate does', () => {
    expect(toHex(miniSecretOf(DEVELOPMENT_PHRASE))).toBe(DEVELOPMENT_SEED);
    expect(keypairFromMiniSecret(fromHex(ALICE_SEED)).hotkey).toBe(ALICE);
  });

  it('signs so that others can verify', () => {
    const alice = keypairFromMiniSecret(fromHex(ALICE_SEED));
    const signature = alice.sign(utf8('a note'));
    expect(verifySr25519(alice.hotkey, utf8('a note'), signature)).toBe(true);
    expect(verifySr25519(alice.hotkey, utf8('another'), signature)).toBe(false);
  });

  it('refuses a misspelt mnemonic without quoting it', () => {
    const misspelt = DEVELOPMENT_PHRASE.replace('obey', 'obeyy');
    expect(() => miniSecretOf(misspelt)).toThrow(expect.objectContaining({ code: 'invalid_mnemonic' }));
    expect(() => miniSecretOf(misspelt)).not.toThrow(/obey|bottom/);
  });

  it('makes mnemonics of twelve words that differ', () => {
    expect(newMnemonic().split(' ')).toHaveLength(12);
    expect(newMnemonic()).not.toBe(newMnemonic());
  });
});

describe('hotkey files', () => {
  const read = (content: unknown) =>
    decodeHotkeyFile(typeof content === 'string' ? content : JSON.stringify(content), 'hotkeys/h').hotkey;

  it("writes what Bittensor's tools write for the same seed", () => {
    const file = JSON.parse(encodeHotkeyFile(fromHex(ALICE_SEED), null));
    expect(file).toMatchObject({
      privateKey: `0x${ALICE_PRIVATE_KEY}`,
      secretSeed: `0x${ALICE_SEED}`,
      ss58Address: ALICE,
    });
    expect(file.accountId).toBe(file.publicKey);
    expect(read(file)).toBe(ALICE);
  });

  it('reads seed, phrase or private key alone', () => {
    expect(read({ secretSeed: `0x${ALICE_SEED}`, ss58Address: ALICE })).toBe(ALICE);
    expect(read({ secretSeed: null, privateKey: `0x${ALICE_PRIVATE_KEY}`, ss58Address: ALICE })).toBe(ALICE);
    const development = keypairFromMiniSecret(fromHex(DEVELOPMENT_SEED)).hotkey;
    expect(read({ secretPhrase: DEVELOPMENT_PHRASE, ' ss58Address': development })).toBe(development);
  });

  it('reads old bare mnemonics and hexadecimal seeds', () => {
    expect(read(`0x${ALICE_SEED}\n`)).toBe(ALICE);
    expect(read(DEVELOPMENT_PHRASE)).toBe(keypairFromMiniSecret(fromHex(DEVELOPMENT_SEED)).hotkey);
  });

  it.each(['$NACL\u0001\u0002', '$ANSIBLE_VAULT;1.1;AES256', 'gAAAAABkxyz'])(
    'refuses an encrypted coldkey: %s',
    (content) => {
      expect(() => read(content)).toThrow(expect.objectContaining({ code: 'coldkey_refused' }));
    },
  );

  it.each([
    ['an address of another key', { secretSeed: `0x${'11'.repeat(32)}`, ss58Address: ALICE }],
    ['a private key of another address', { privateKey: `0x${'11'.repeat(64)}`, ss58Address: ALICE }],
    ['no secret', { ss58Address: ALICE, publicKey: `0x${'11'.repeat(32)}` }],
    ['a short seed', { secretSeed: '0x1234', ss58Address: ALICE }],
    ['an ed25519 key', { secretSeed: `0x${ALICE_SEED}`, cryptoType: 0 }],
    ['broken JSON', '{"secretSeed": "0xe5be9a50'],
    ['something else', 'hello'],
  ])('refuses %s without quoting it', (_, content) => {
    expect(() => read(content)).toThrow(expect.objectContaining({ code: 'hotkey_unreadable' }));
    expect(() => read(content)).not.toThrow(/e5be9a50/);
  });
});

describe('wallet', () => {
  let walletsPath: string;
  const location = () => ({ walletsPath, wallet: 'default', hotkey: 'miner-1' });
  beforeEach(async () => {
    walletsPath = await mkdtemp(join(tmpdir(), 'connito-wallet-'));
  });
  afterEach(() => rm(walletsPath, { recursive: true }));

  it('creates a hotkey that only its owner can read, and loads it again', async () => {
    const created = await createHotkey(location());
    expect((await loadHotkey(location())).hotkey).toBe(created.hotkey);
    expect((await stat(hotkeyPath(location()))).mode & 0o777).toBe(0o600);
    expect(hotkeyPath(location())).toBe(join(walletsPath, 'default/hotkeys/miner-1'));
  });

  it('never overwrites a hotkey', async () => {
    await createHotkey(location());
    const before = await readFile(hotkeyPath(location()), 'utf8');
    await expect(createHotkey(location())).rejects.toMatchObject({ code: 'hotkey_exists' });
    await loadOrCreateHotkey(location());
    expect(await readFile(hotkeyPath(location()), 'utf8')).toBe(before);
  });

  it('names the missing file', async () => {
    await expect(loadHotkey(location())).rejects.toMatchObject({
      code: 'hotkey_missing',
      details: { path: hotkeyPath(location()) },
    });
  });

  it('refuses names that leave the wallet', () => {
    for (const hotkey of ['../coldkey', '.hidden', 'a/b', '']) {
      expect(() => hotkeyPath({ ...location(), hotkey })).toThrow(
        expect.objectContaining({ code: 'hotkey_unreadable' }),
      );
    }
  });

  it('refuses a giant file', async () => {
    const path = hotkeyPath(location());
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'x'.repeat(100_000));
    await chmod(path, 0o600);
    await expect(loadHotkey(location())).rejects.toMatchObject({ code: 'hotkey_unreadable' });
  });
});
