import { ConnitoError, type ErrorDetails } from '@connito/protocol';

/**
 * - `archive_malformed`: a file is no archive of rounds, or not one that this version writes
 * - `archive_incomplete`: an archive lacks what has to be in it, or is given with
 * - `record_incomplete`: rounds to be exported are not all recorded
 */
export type ReplayErrorCode = 'archive_malformed' | 'archive_incomplete' | 'record_incomplete';

export function replayError(
  code: ReplayErrorCode,
  message: string,
  details: ErrorDetails = {},
  cause?: unknown,
): ConnitoError {
  return new ConnitoError(code, message, {
    advice: 'reject',
    details,
    ...(cause === undefined ? {} : { cause }),
  });
}
