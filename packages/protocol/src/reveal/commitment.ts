import { fromHex } from '../encoding/bytes.ts';
import { taggedHashHex } from '../encoding/hash.ts';
import { type Manifest, manifestHashOf } from './manifest.ts';

/** Enough that a manifest cannot be guessed from its commitment. */
export const SALT_BYTES = 32;

/**
 * Binds a miner to its manifest without showing it: 64 hex digits, over the manifest's hash and a random salt of 32
 * bytes (64 hex digits). The manifest's hash covers run, round, hotkey, group and base state.
 */
export function commitmentOf(manifest: Manifest, salt: string): string {
  return taggedHashHex('connito/1/commitment', manifestHashOf(manifest), fromHex(salt, SALT_BYTES));
}
