import type { Hotkey } from '../brand.ts';
import { fromHex, toHex } from './bytes.ts';
import { type CanonicalValue, encodeCanonical } from './canonical-json.ts';
import { type DomainTag, taggedHash } from './hash.ts';
import type { Sign, Verify } from './sr25519.ts';

/**
 * The 32 bytes a hotkey signs for a document: a tagged hash of its canonical bytes, so that no signature over one kind
 * of document is one over another, or over a ledger transaction.
 */
export function signingMessage(tag: DomainTag, document: CanonicalValue): Uint8Array {
  return taggedHash(tag, encodeCanonical(document));
}

/** A signature of a document, 128 hex digits. */
export async function signDocument(tag: DomainTag, document: CanonicalValue, sign: Sign): Promise<string> {
  return toHex(await sign(signingMessage(tag, document)));
}

export function isSignedBy(
  hotkey: Hotkey,
  tag: DomainTag,
  document: CanonicalValue,
  signature: string,
  verify: Verify,
): boolean {
  return verify(hotkey, signingMessage(tag, document), fromHex(signature));
}
