import { createHash } from 'node:crypto';
import type { ArtifactHash } from '@connito/protocol';
import { storeError } from './errors.ts';

const ARTIFACT_HASH = /^[0-9a-f]{64}$/;

export function isArtifactHash(text: string): text is ArtifactHash {
  return ARTIFACT_HASH.test(text);
}

/** Fails with `invalid_artifact_hash` on anything else, so that no name can leave a store's directory. */
export function parseArtifactHash(text: string): ArtifactHash {
  if (isArtifactHash(text)) return text;
  throw storeError('invalid_artifact_hash', 'An artifact is named by 64 lower-case hex digits.', {
    details: { length: text.length },
  });
}

/** The platform's sha256: ten times as fast on bundles as the portable one. */
export function artifactHashOf(bytes: Uint8Array): ArtifactHash {
  return createHash('sha256').update(bytes).digest('hex') as ArtifactHash;
}
