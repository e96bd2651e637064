import {
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
  type Verify,
  verifySr25519,
} from '@connito/protocol';
import { marketError } from '../errors.ts';
import { indexSchema, type PackageIndex } from './package-index.ts';
import { requireNotices } from './package-status.ts';

const MAX_INDEX_BYTES = 64 << 20;

export function encodeIndex(index: PackageIndex): Uint8Array {
  return encodeCanonical(index as CanonicalValue);
}

/** Reads an index and checks every notice in it. Fails with `document_refused`. */
export function decodeIndex(bytes: Uint8Array, verify: Verify = verifySr25519): PackageIndex {
  const refuse = (why: string, cause?: unknown) =>
    marketError('document_refused', `The package index is refused: ${why}.`, {}, cause);
  let value: unknown;
  try {
    value = decodeCanonical(bytes, { maxBytes: MAX_INDEX_BYTES });
  } catch (cause) {
    throw refuse('it is not canonical JSON', cause);
  }
  const parsed = indexSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`${issue?.path.join('.') || 'it'}: ${issue?.message}`);
  }
  requireNotices(parsed.data, verify);
  return parsed.data;
}
