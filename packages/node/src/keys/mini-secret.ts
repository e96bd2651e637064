import { pbkdf2Sync } from 'node:crypto';
import { generateMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { nodeError } from '../errors.ts';

/** Bytes of the secret a key pair is expanded from, `secretSeed` in wallet files. */
export const MINI_SECRET_BYTES = 32;

/** 12 words: what Bittensor's wallets make. */
const MNEMONIC_ENTROPY_BITS = 128;
const PBKDF2_ROUNDS = 2048;

/** A new random mnemonic. */
export function newMnemonic(): string {
  return generateMnemonic(wordlist, MNEMONIC_ENTROPY_BITS);
}

/**
 * The mini secret of a mnemonic as Substrate derives it: PBKDF2 over the *entropy*, where BIP-39 itself takes the
 * words. Fails with `invalid_mnemonic`.
 */
export function miniSecretOf(mnemonic: string, password = ''): Uint8Array {
  const words = mnemonic.trim().toLowerCase().split(/\s+/);
  let entropy: Uint8Array;
  try {
    entropy = mnemonicToEntropy(words.join(' '), wordlist);
  } catch {
    // The library's message and cause may quote the words.
    throw nodeError(
      'invalid_mnemonic',
      `The mnemonic of ${words.length} words is not valid: a word is misspelt, missing or in the wrong place.`,
      { details: { words: words.length } },
    );
  }
  const derived = pbkdf2Sync(entropy, `mnemonic${password}`, PBKDF2_ROUNDS, 64, 'sha512');
  return Uint8Array.from(derived.subarray(0, MINI_SECRET_BYTES));
}
