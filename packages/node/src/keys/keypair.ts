import { type Hotkey, hotkeyOf } from '@connito/protocol';
import { getPublicKey, secretFromSeed, sign } from '@scure/sr25519';

/** An sr25519 hotkey that can sign. Signing takes about 2 ms; the signature has 64 bytes. */
export interface Keypair {
  readonly hotkey: Hotkey;
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** The key pair of a 32-byte mini secret. */
export function keypairFromMiniSecret(miniSecret: Uint8Array): Keypair {
  return keypairFromSecretKey(secretFromSeed(miniSecret));
}

/** The key pair of an expanded 64-byte secret key (scalar in ed25519 form, then nonce). */
export function keypairFromSecretKey(secretKey: Uint8Array): Keypair {
  // The secret lives in this closure only, so that no log or inspector can print it.
  const publicKey = getPublicKey(secretKey);
  return {
    hotkey: hotkeyOf(publicKey),
    publicKey,
    sign: (message) => sign(secretKey, message),
  };
}
