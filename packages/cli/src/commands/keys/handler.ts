import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createHotkey, fileError, hotkeyPath, loadHotkey, systemCode } from '@connito/node';
import { ConnitoError } from '@connito/protocol';
import type { CommandContext } from '../../command/context.ts';
import { formatTable } from '../../command/table.ts';
import type { ListKeysOptions, NewKeyOptions } from './options.ts';

/** A hotkey file: its address, or why it cannot be used. */
export type ListedKey = {
  readonly wallet: string;
  readonly hotkey: string;
  readonly address: string | null;
  readonly fault: string | null;
};

export async function newKey(options: NewKeyOptions, { stdout }: CommandContext): Promise<void> {
  const { walletsPath, wallet, hotkey, json } = options;
  const location = { walletsPath, wallet, hotkey };
  const keypair = await createHotkey(location);
  const path = hotkeyPath(location);
  if (json === true) {
    stdout.write(`${JSON.stringify({ type: 'key', wallet, hotkey, address: keypair.hotkey, path })}\n`);
    return;
  }
  stdout.write(
    `${keypair.hotkey}\nThe key is in ${path}. Whoever reads that file can sign as you: keep a copy safe.\n`,
  );
}

export async function listKeys(
  { walletsPath, json }: ListKeysOptions,
  { stdout }: CommandContext,
): Promise<void> {
  const keys = await findKeys(walletsPath);
  if (json === true) {
    stdout.write(`${JSON.stringify({ type: 'keys', walletsPath, keys })}\n`);
    return;
  }
  if (keys.length === 0) {
    stdout.write(`There are no hotkeys in ${walletsPath}. "connito keys new" makes one.\n`);
    return;
  }
  const lines = formatTable(
    [
      { title: 'wallet', value: (key: ListedKey) => key.wallet },
      { title: 'hotkey', value: (key) => key.hotkey },
      { title: 'address', value: (key) => key.address ?? `unusable: ${key.fault}` },
    ],
    keys,
  );
  stdout.write(`${lines.join('\n')}\n`);
}

/** All hotkey files below a directory of wallets, in order of their names. */
export async function findKeys(walletsPath: string): Promise<readonly ListedKey[]> {
  const keys: ListedKey[] = [];
  for (const wallet of await namesIn(walletsPath)) {
    for (const hotkey of await namesIn(join(walletsPath, wallet, 'hotkeys'))) {
      // The public halves that Bittensor's tools keep beside the keys.
      if (hotkey.endsWith('pub.txt')) continue;
      keys.push(await listedKey(walletsPath, wallet, hotkey));
    }
  }
  return keys;
}

async function listedKey(walletsPath: string, wallet: string, hotkey: string): Promise<ListedKey> {
  try {
    const keypair = await loadHotkey({ walletsPath, wallet, hotkey });
    return { wallet, hotkey, address: keypair.hotkey, fault: null };
  } catch (error) {
    if (!(error instanceof ConnitoError)) throw error;
    return { wallet, hotkey, address: null, fault: error.message };
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw fileError(error, directory);
  }
}
