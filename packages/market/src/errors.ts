import { type Advice, ConnitoError, type ErrorDetails } from '@connito/protocol';

/** Codes of the errors this package throws, with their advice unless the thrower knows better. */
const ADVICE = {
  /** `expert.json` or `package.json` is not what the format says, or contradicts itself. */
  package_malformed: 'reject',
  /** A file of the package is missing, or there is one that does not belong to it. */
  package_files_wrong: 'reject',
  /** A file's bytes are not those the manifest names. */
  package_corrupt: 'reject',
  /** The package, or one of its files, is larger than its reader allows. */
  package_too_large: 'reject',
  /** A symbolic link, a path that leaves the package, or another entry that is no plain file. */
  package_unsafe: 'reject',
  /** The publisher named in the manifest has not signed it. */
  package_unsigned: 'reject',
  /** A signature in the package does not fit its key. */
  package_bad_signature: 'penalise',
  /** The publisher is none of those the reader trusts. */
  publisher_not_trusted: 'reject',
  /** The package was made for another base model. */
  package_wrong_base: 'reject',
  /** The licence is missing, unreadable or not on the reader's list. */
  package_unlicensed: 'reject',
  /** The tensors are not exactly the group's experts, in name, type, shape or value. */
  package_tensors_wrong: 'reject',
  /** The run has nothing to package: no merged round, or no such group. */
  nothing_to_package: 'reject',
  /** What got worse by more than the builder allows. */
  package_harmful: 'reject',
  /** Not a package name, version or range. */
  invalid_package_name: 'reject',
  /** There is no such package, or no version that fits. */
  package_missing: 'reject',
  /** That version is there with other bytes; versions never change. */
  version_exists: 'reject',
  /** The package was revoked by its publisher. */
  package_revoked: 'reject',
  /** Not the address of a channel this build can use. */
  invalid_channel: 'reject',
  /** The channel refused, for a reason its message states. */
  channel_refused: 'reject',
  /** The channel cannot be reached, or answered that it is busy. */
  channel_unreachable: 'retry',
  /** The channel answered with something its protocol does not allow. */
  channel_malformed: 'reject',
  /** A notice, index or statement that is not what the format says, or is not signed by whom it must be. */
  document_refused: 'reject',
  /** A receipt, or the chain of them, was changed. */
  receipts_corrupt: 'fatal',
  /** Another process appends to this log of receipts. */
  receipts_in_use: 'fatal',
  /** The statement does not follow from the receipts. */
  statement_differs: 'reject',
} as const satisfies Record<string, Advice>;

export type MarketErrorCode = keyof typeof ADVICE;

export function marketError(
  code: MarketErrorCode,
  message: string,
  details: ErrorDetails = {},
  cause?: unknown,
): ConnitoError {
  return new ConnitoError(code, message, {
    advice: ADVICE[code],
    details,
    ...(cause === undefined ? {} : { cause }),
  });
}
