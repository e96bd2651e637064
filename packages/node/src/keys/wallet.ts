import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { utf8 } from '@connito/protocol';
import { writeDurably } from '../durable-file.ts';
import { hasCode, nodeError } from '../errors.ts';
import { fileError, systemCode } from '../file-error.ts';
import { decodeHotkeyFile, encodeHotkeyFile, MAX_HOTKEY_FILE_BYTES } from './hotkey-file.ts';
import { type Keypair, keypairFromMiniSecret } from './keypair.ts';
import { miniSecretOf, newMnemonic } from './mini-secret.ts';

/** Which key of which wallet, in Bittensor's layout `<walletsPath>/<wallet>/hotkeys/<hotkey>`. */
export type HotkeyLocation = {
  /** Bittensor's tools use `~/.bittensor/wallets`. */
  readonly walletsPath: string;
  readonly wallet: string;
  readonly hotkey: string;
};

/** Where a hotkey's file is. Names are single path segments: letters, digits, `-`, `_` and `.`, not leading. */
export function hotkeyPath(location: HotkeyLocation): string {
  for (const name of [location.wallet, location.hotkey]) {
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(name)) {
      throw nodeError(
        'hotkey_unreadable',
        `"${name.slice(0, 64)}" is no wallet or hotkey name: use letters, digits, "-", "_" and ".".`,
      );
    }
  }
  return join(location.walletsPath, location.wallet, 'hotkeys', location.hotkey);
}

/** Reads a hotkey from a wallet. Fails with `hotkey_missing`, `hotkey_unreadable` or `coldkey_refused`. */
export async function loadHotkey(location: HotkeyLocation): Promise<Keypair> {
  const path = hotkeyPath(location);
  return decodeHotkeyFile(await readSmallFile(path), path);
}

/**
 * Makes a hotkey (from a given or a new mnemonic) and writes its file, readable by its owner only. Never overwrites:
 * fails with `hotkey_exists`.
 */
export async function createHotkey(
  location: HotkeyLocation,
  mnemonic: string = newMnemonic(),
): Promise<Keypair> {
  const path = hotkeyPath(location);
  const miniSecret = miniSecretOf(mnemonic);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, dirname(path));
  }
  try {
    await writeDurably(path, utf8(encodeHotkeyFile(miniSecret, mnemonic)), { mode: 0o600, replace: false });
  } catch (error) {
    if (!hasCode(error, 'file_exists')) throw error;
    throw nodeError('hotkey_exists', `${path} exists and is not overwritten. Choose another hotkey name.`, {
      details: { path },
    });
  }
  return keypairFromMiniSecret(miniSecret);
}

/** The hotkey in a wallet, made first if there is none. */
export async function loadOrCreateHotkey(location: HotkeyLocation): Promise<Keypair> {
  try {
    return await createHotkey(location);
  } catch (error) {
    if (hasCode(error, 'hotkey_exists')) return loadHotkey(location);
    throw error;
  }
}

async function readSmallFile(path: string): Promise<string> {
  try {
    await using handle = await open(path, 'r');
    const buffer = new Uint8Array(MAX_HOTKEY_FILE_BYTES + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead > MAX_HOTKEY_FILE_BYTES) {
      throw nodeError('hotkey_unreadable', `${path} is larger than any hotkey file.`, { details: { path } });
    }
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw nodeError(
        'hotkey_missing',
        `There is no hotkey at ${path}. Make one with "connito keys new", or check wallet and hotkey names.`,
        {
          details: { path },
        },
      );
    }
    if (hasCode(error, 'hotkey_unreadable')) throw error;
    throw fileError(error, path);
  }
}
