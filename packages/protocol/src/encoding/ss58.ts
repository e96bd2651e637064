import { blake2b } from '@noble/hashes/blake2.js';
import type { Hotkey } from '../brand.ts';
import { protocolError } from '../errors.ts';
import { concatBytes, equalBytes, utf8 } from './bytes.ts';

// ss58: base58(prefix ‖ 32-byte public key ‖ first two bytes of blake2b-512("SS58PRE" ‖ prefix ‖ key)).
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** The generic Substrate prefix, which Bittensor uses. */
const PREFIX = Uint8Array.of(42);
const PUBLIC_KEY_BYTES = 32;
const ADDRESS_BYTES = 1 + PUBLIC_KEY_BYTES + 2;
/** Base58 digits of 35 bytes of which the first is 42. */
const ADDRESS_LENGTH = 48;

/** The ss58 form of an sr25519 public key. */
export function hotkeyOf(publicKey: Uint8Array): Hotkey {
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    throw protocolError('invalid_hotkey', `A public key has 32 bytes, got ${publicKey.length}.`);
  }
  const body = concatBytes([PREFIX, publicKey]);
  return encodeBase58(concatBytes([body, checksum(body)])) as Hotkey;
}

/** The public key of a hotkey. Fails with `invalid_hotkey`. */
export function publicKeyOf(hotkey: Hotkey): Uint8Array {
  const key = decodeAddress(hotkey);
  if (key === null) {
    throw protocolError(
      'invalid_hotkey',
      `Not an ss58 address with prefix 42: ${JSON.stringify(hotkey.slice(0, 64))}.`,
    );
  }
  return key;
}

export function isHotkey(text: string): text is Hotkey {
  return decodeAddress(text) !== null;
}

function decodeAddress(text: string): Uint8Array | null {
  if (text.length !== ADDRESS_LENGTH) return null;
  const bytes = decodeBase58(text);
  if (bytes === null || bytes[0] !== PREFIX[0]) return null;
  const body = bytes.subarray(0, 1 + PUBLIC_KEY_BYTES);
  return equalBytes(bytes.subarray(body.length), checksum(body)) ? body.slice(1) : null;
}

function checksum(body: Uint8Array): Uint8Array {
  return blake2b(concatBytes([utf8('SS58PRE'), body]), { dkLen: 64 }).subarray(0, 2);
}

// The first byte is 42, never 0, so base58's leading-zero rule never applies.
function encodeBase58(bytes: Uint8Array): string {
  let value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let text = '';
  for (; value > 0n; value /= 58n) text = ALPHABET.charAt(Number(value % 58n)) + text;
  return text;
}

function decodeBase58(text: string): Uint8Array | null {
  let value = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return null;
    value = value * 58n + BigInt(digit);
  }
  if (value >> BigInt(8 * ADDRESS_BYTES) !== 0n) return null;
  const bytes = new Uint8Array(ADDRESS_BYTES);
  for (let i = ADDRESS_BYTES - 1; i >= 0; i--, value >>= 8n) bytes[i] = Number(value & 255n);
  return bytes;
}
