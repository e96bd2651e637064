import { type Advice, ConnitoError, type ErrorDetails } from '@connito/protocol';

/** Codes of the errors every artifact store throws, with their advice unless the thrower knows better. */
const ADVICE = {
  /** No source has the artifact (yet). */
  artifact_missing: 'retry',
  /** The artifact is larger than its reader, or than the store, allows. */
  artifact_too_large: 'reject',
  /** The bytes are not the ones the hash names. */
  artifact_corrupt: 'reject',
  /** The wanted range is not inside the artifact. */
  range_unsatisfiable: 'reject',
  /** A name that is no sha256 in 64 lower-case hex digits. */
  invalid_artifact_hash: 'reject',
  /** The uploader has stored as much as it may. */
  quota_exceeded: 'reject',
  /** This adapter cannot do that; the message names one that can. */
  not_supported: 'fatal',
} as const satisfies Record<string, Advice>;

export type StoreErrorCode = keyof typeof ADVICE;

/** What the HTTP server answers each code with. */
export const STORE_STATUSES: Readonly<Record<StoreErrorCode, number>> = {
  artifact_missing: 404,
  artifact_too_large: 413,
  artifact_corrupt: 400,
  range_unsatisfiable: 416,
  invalid_artifact_hash: 400,
  quota_exceeded: 507,
  not_supported: 501,
};

export function storeError(
  code: StoreErrorCode,
  message: string,
  options: { readonly details?: ErrorDetails; readonly cause?: unknown; readonly advice?: Advice } = {},
): ConnitoError {
  return new ConnitoError(code, message, { ...options, advice: options.advice ?? ADVICE[code] });
}

export function missing(hash: string): ConnitoError {
  return storeError('artifact_missing', `There is no artifact ${hash} here.`, { details: { hash } });
}

export function tooLarge(hash: string, bytes: number, maxBytes: number): ConnitoError {
  return storeError(
    'artifact_too_large',
    `Artifact ${hash} has ${bytes} bytes; at most ${maxBytes} are allowed.`,
    {
      details: { hash, bytes, maxBytes },
    },
  );
}

export function corrupt(hash: string, actual: string): ConnitoError {
  return storeError('artifact_corrupt', `The bytes of artifact ${hash} hash to ${actual}.`, {
    details: { hash, actual },
  });
}

export function outsideRange(hash: string, start: number, end: number, bytes: number): ConnitoError {
  return storeError(
    'range_unsatisfiable',
    `Bytes ${start} to ${end} (excluded) are not inside artifact ${hash}, which has ${bytes}.`,
    { details: { hash, start, end, bytes } },
  );
}
