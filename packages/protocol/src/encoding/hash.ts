import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import type { ArtifactHash } from '../brand.ts';
import { toHex, uint64Bytes, utf8 } from './bytes.ts';

/** sha256 of the whole input, 32 bytes. Callers that hash megabytes may pass their platform's faster one. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const sha256: Sha256 = (bytes) => nobleSha256(bytes);

/** sha256 of an input that comes in pieces. */
export type Sha256Stream = { update(bytes: Uint8Array): unknown; digest(): Uint8Array };

/** Starts a `Sha256Stream`, of which Node's `createHash('sha256')` is one. */
export type CreateSha256 = () => Sha256Stream;

export const createSha256: CreateSha256 = () => nobleSha256.create();

/** The name of an artifact: sha256 of its bytes in hexadecimal. */
export function sha256Hex(bytes: Uint8Array, hash: Sha256 = sha256): ArtifactHash {
  return toHex(hash(bytes)) as ArtifactHash;
}

/** Purposes a hash may have. No two purposes share a tag, so no hash can stand in for another. */
export type DomainTag = `connito/1/${string}`;

/**
 * sha256 of the tag and the parts, each preceded by its length in bytes as eight little-endian bytes. The framing
 * makes the input injective: no two different lists of parts hash alike.
 */
export function taggedHash(tag: DomainTag, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = nobleSha256.create();
  for (const part of [utf8(tag), ...parts]) state.update(uint64Bytes(part.length)).update(part);
  return state.digest();
}

/** `taggedHash` in hexadecimal. */
export function taggedHashHex(tag: DomainTag, ...parts: readonly Uint8Array[]): string {
  return toHex(taggedHash(tag, ...parts));
}
