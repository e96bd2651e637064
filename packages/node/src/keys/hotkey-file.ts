import { fromHex, hotkeyOf, toHex } from '@connito/protocol';
import { secretFromSeed } from '@scure/sr25519';
import { z } from 'zod';
import { nodeError } from '../errors.ts';
import { type Keypair, keypairFromMiniSecret, keypairFromSecretKey } from './keypair.ts';
import { MINI_SECRET_BYTES, miniSecretOf } from './mini-secret.ts';

/** Largest file read as a hotkey; real ones have about 500 bytes. */
export const MAX_HOTKEY_FILE_BYTES = 16 * 1024;

const hex = (bytes: number) =>
  z
    .string()
    .transform((text) => text.toLowerCase().replace(/^0x/, ''))
    .pipe(z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`)));

/** Bittensor's plain JSON hotkey. Every field may be absent from some version's files; unknown ones are ignored. */
const hotkeyFileSchema = z.object({
  accountId: hex(32).nullish(),
  publicKey: hex(32).nullish(),
  privateKey: hex(64).nullish(),
  secretPhrase: z.string().nullish(),
  secretSeed: hex(MINI_SECRET_BYTES).nullish(),
  ss58Address: z.string().nullish(),
  cryptoType: z.number().nullish(),
});
type HotkeyFile = z.infer<typeof hotkeyFileSchema>;

/** Substrate's number for sr25519; 0 is ed25519. */
const SR25519 = 1;

/** Starts of Bittensor's encrypted key files: NaCl, Ansible vault, Fernet. */
const ENCRYPTED_PREFIXES = ['$NACL', '$ANSIBLE_VAULT', 'gAAAAA'];

/** A wallet file's text for a new hotkey, as Bittensor's own tools write and read it. */
export function encodeHotkeyFile(miniSecret: Uint8Array, mnemonic: string | null): string {
  const keypair = keypairFromMiniSecret(miniSecret);
  const publicKey = `0x${toHex(keypair.publicKey)}`;
  const file = {
    accountId: publicKey,
    publicKey,
    privateKey: `0x${toHex(withoutCofactor(secretFromSeed(miniSecret)))}`,
    ...(mnemonic === null ? {} : { secretPhrase: mnemonic }),
    secretSeed: `0x${toHex(miniSecret)}`,
    ss58Address: keypair.hotkey,
    cryptoType: SR25519,
  };
  return `${JSON.stringify(file)}\n`;
}

/**
 * Reads a hotkey file: Bittensor's JSON, or an old bare mnemonic or hexadecimal seed. The derived address must be the
 * one the file states. Fails with `coldkey_refused` or `hotkey_unreadable`; no message quotes the content.
 */
export function decodeHotkeyFile(text: string, path: string): Keypair {
  const content = text.trim();
  if (ENCRYPTED_PREFIXES.some((prefix) => content.startsWith(prefix))) {
    throw nodeError(
      'coldkey_refused',
      `${path} is encrypted, so it looks like a coldkey. A node signs with a hotkey only: point it at <wallets>/<wallet>/hotkeys/<hotkey> and keep the coldkey off this machine.`,
      { details: { path } },
    );
  }
  if (!content.startsWith('{')) return decodeBareSecret(content, path);
  const file = parseJson(content, path);
  const keypair = keypairOf(file, path);
  const statedKey = file.publicKey ?? file.accountId;
  const stated = file.ss58Address ?? (statedKey ? hotkeyOf(fromHex(statedKey)) : null);
  if (stated !== null && stated !== keypair.hotkey) {
    throw unreadable(
      path,
      `its secret belongs to ${keypair.hotkey}, but it names ${stated.slice(0, 64)}; it is damaged or not an sr25519 key`,
    );
  }
  return keypair;
}

function decodeBareSecret(content: string, path: string): Keypair {
  const digits = content.toLowerCase().replace(/^0x/, '');
  if (/^[0-9a-f]{64}$/.test(digits)) return keypairFromMiniSecret(fromHex(digits));
  if (/^[a-z]+(\s+[a-z]+){11,23}$/i.test(content)) return keypairFromMiniSecret(miniSecretOf(content));
  throw unreadable(path, 'it is neither JSON nor a mnemonic nor a 32-byte hexadecimal seed');
}

function parseJson(content: string, path: string): HotkeyFile {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    // V8's message quotes the text, which holds the secret.
    throw unreadable(path, 'it is not valid JSON');
  }
  // Some versions wrote the key as " ss58Address".
  const trimmed = Object.fromEntries(
    Object.entries(json as Record<string, unknown>).map(([key, value]) => [key.trim(), value]),
  );
  const parsed = hotkeyFileSchema.safeParse(trimmed);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw unreadable(path, `these fields are malformed: ${fields}`);
  }
  if (
    parsed.data.cryptoType !== undefined &&
    parsed.data.cryptoType !== null &&
    parsed.data.cryptoType !== SR25519
  ) {
    throw unreadable(path, `its key type is ${parsed.data.cryptoType}; only sr25519 (1) is supported`);
  }
  return parsed.data;
}

function keypairOf(file: HotkeyFile, path: string): Keypair {
  if (file.secretSeed) return keypairFromMiniSecret(fromHex(file.secretSeed));
  if (file.secretPhrase) return keypairFromMiniSecret(miniSecretOf(file.secretPhrase));
  if (file.privateKey) return keypairOfPrivateKey(fromHex(file.privateKey), file, path);
  throw unreadable(path, 'it holds no secret; it may be the public half (…pub.txt) of a key');
}

/** Files hold the schnorrkel scalar, a few the ed25519 form, which is eight times it: the stated key decides. */
function keypairOfPrivateKey(privateKey: Uint8Array, file: HotkeyFile, path: string): Keypair {
  const stated = file.publicKey ?? file.accountId;
  for (const candidate of [withCofactor(privateKey), privateKey]) {
    try {
      const keypair = keypairFromSecretKey(candidate);
      if (keypair.hotkey === file.ss58Address || toHex(keypair.publicKey) === stated) return keypair;
    } catch {
      // Not a scalar in this form.
    }
  }
  throw unreadable(path, 'its private key does not belong to the address it names');
}

/** Schnorrkel's own scalar from the ed25519 form: the little-endian number divided by 8. */
function withoutCofactor(secretKey: Uint8Array): Uint8Array {
  return scaled(secretKey, (scalar) => scalar >> 3n);
}

function withCofactor(secretKey: Uint8Array): Uint8Array {
  return scaled(secretKey, (scalar) => (scalar << 3n) & ((1n << 256n) - 1n));
}

function scaled(secretKey: Uint8Array, change: (scalar: bigint) => bigint): Uint8Array {
  const scalar = BigInt(`0x${toHex(secretKey.slice(0, 32).reverse())}`);
  const changed = fromHex(change(scalar).toString(16).padStart(64, '0')).reverse();
  const result = secretKey.slice();
  result.set(changed);
  return result;
}

function unreadable(path: string, why: string) {
  return nodeError('hotkey_unreadable', `Cannot use ${path} as a hotkey: ${why}.`, { details: { path } });
}
