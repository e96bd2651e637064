import { type Advice, ConnitoError, type ErrorDetails } from '@connito/protocol';

/** Codes of the errors this package throws, with the advice each carries unless the thrower knows better. */
const ADVICE = {
  /** Another process listens on the wanted address. */
  port_taken: 'fatal',
  /** The wanted address does not exist on this machine or may not be used. */
  address_unavailable: 'fatal',
  /** The file system is full or over quota; nothing was written. */
  disk_full: 'retry',
  /** A file that may not be replaced has the wanted name. */
  file_exists: 'reject',
  /** A file operation failed for another reason than space. */
  file_unusable: 'fatal',

  /** The wallet holds no such hotkey file. */
  hotkey_missing: 'fatal',
  /** A hotkey file is not in a format of Bittensor's, or its key and address disagree. */
  hotkey_unreadable: 'fatal',
  /** The file is encrypted or a coldkey's: a node never loads one. */
  coldkey_refused: 'fatal',
  /** A hotkey of that name exists already and is not overwritten. */
  hotkey_exists: 'fatal',
  /** A mnemonic has a wrong word, length or checksum. */
  invalid_mnemonic: 'fatal',

  /** No connection, or it broke. */
  peer_unreachable: 'retry',
  /** Connected, but no complete answer in time. */
  peer_timeout: 'retry',
  /** The peer answered with an error; `details.peerCode` and `details.status` say which. */
  peer_refused: 'reject',
  /** The answer is larger than its reader allows. */
  peer_response_too_large: 'reject',
  /** The answer is not what the protocol says it must be. */
  peer_malformed: 'reject',

  /** A request without the headers of a signed one, or with malformed ones. */
  unsigned_request: 'reject',
  /** The signature does not fit the request, the key or the server. */
  bad_signature: 'penalise',
  /** Signed too long ago or in the future: replayed, or one of the clocks is wrong. */
  stale_request: 'reject',
  /** The same signed request arrived before. */
  replayed_request: 'reject',
  /** The signature is good but its hotkey may not do this. */
  hotkey_not_allowed: 'reject',
  /** More requests than this server grants. */
  rate_limited: 'retry',
  /** The body is larger than the route allows. */
  body_too_large: 'reject',
  /** The body is not the one that was signed, or it ended early. */
  body_mismatch: 'reject',
  /** A parameter or body does not match its schema. */
  invalid_request: 'reject',
  /** No such route. */
  unknown_route: 'reject',
} as const satisfies Record<string, Advice>;

export type NodeErrorCode = keyof typeof ADVICE;

export type NodeErrorOptions = {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  readonly advice?: Advice;
};

export function nodeError(
  code: NodeErrorCode,
  message: string,
  options: NodeErrorOptions = {},
): ConnitoError {
  return new ConnitoError(code, message, { ...options, advice: options.advice ?? ADVICE[code] });
}

/** Whether an error is ours and has this code. */
export function hasCode(error: unknown, code: string): error is ConnitoError {
  return error instanceof ConnitoError && error.code === code;
}
