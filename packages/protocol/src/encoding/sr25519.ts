import { verify } from '@scure/sr25519';
import type { Hotkey } from '../brand.ts';
import { publicKeyOf } from './ss58.ts';

/** Signs with the caller's hotkey; the signature has 64 bytes. */
export type Sign = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Whether `signature` is `hotkey`'s signature of `message`. Never throws, whatever the bytes are. */
export type Verify = (hotkey: Hotkey, message: Uint8Array, signature: Uint8Array) => boolean;

const SIGNATURE_BYTES = 64;

/** Schnorrkel verification in the signing context `substrate`, as Bittensor's wallets and chain do it. */
export const verifySr25519: Verify = (hotkey, message, signature) => {
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    return verify(message, signature, publicKeyOf(hotkey));
  } catch {
    // The library throws on malformed points and markers: hostile input, not a fault of ours.
    return false;
  }
};
