/** What the receiver of an error that crossed a trust boundary should do about it. */
export type Advice =
  /** Transient: the same call may succeed later. */
  | 'retry'
  /** Nothing to do: the input was stale, repeated or not meant for us. */
  | 'ignore'
  /** Refuse the input; its sender may have made an honest mistake. */
  | 'reject'
  /** Refuse the input and count it against its sender: no honest sender produces it. */
  | 'penalise'
  /** Stop: going on would corrupt or misreport something. */
  | 'fatal';

/** Scalars only, so that every error can be logged, counted and compared. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

export type ErrorOptions = {
  readonly advice: Advice;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
};

/**
 * The one error class of all packages. Code decides on `code` and `advice`, never on the message, which says in a
 * sentence what happened, with which values, and what to try.
 */
export class ConnitoError extends Error {
  override readonly name = 'ConnitoError';
  readonly code: string;
  readonly advice: Advice;
  readonly details: ErrorDetails;

  constructor(code: string, message: string, options: ErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.advice = options.advice;
    this.details = options.details ?? {};
  }
}

/** Codes of the errors this package throws. */
export type ProtocolErrorCode =
  /** A string is not lower-case hexadecimal of the expected length. */
  | 'invalid_hex'
  /** A string is not a plain non-negative decimal number. */
  | 'invalid_decimal'
  /** A string is not an ss58 address with prefix 42 and a valid checksum. */
  | 'invalid_hotkey'
  /** A value has no canonical encoding: a float, undefined, lone surrogate, cycle or other non-JSON value. */
  | 'not_canonical_value'
  /** Received bytes are not the canonical encoding of what they mean, or exceed a limit. */
  | 'not_canonical_bytes'
  /** A run definition breaks its schema or contradicts itself. */
  | 'invalid_run_definition'
  /** A ledger note to be written has a field out of range. */
  | 'invalid_note'
  /** A state document, tensor table or slice breaks the protocol. */
  | 'invalid_state'
  /** A signed document does not match its schema. */
  | 'invalid_document'
  /** An argument violates a function's stated precondition. */
  | 'invalid_argument'
  /** A delta to be encoded or merged holds NaN or an infinity. */
  | 'non_finite_delta';

/** An error of this package; `reject` unless something more specific is known. */
export function protocolError(
  code: ProtocolErrorCode,
  message: string,
  details: ErrorDetails = {},
  options: { readonly advice?: Advice; readonly cause?: unknown } = {},
): ConnitoError {
  return new ConnitoError(code, message, {
    advice: options.advice ?? 'reject',
    details,
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}

/** Fails with `invalid_argument` unless `condition` holds: for preconditions only a programming mistake breaks. */
export function requireArgument(
  condition: boolean,
  message: string,
  details: ErrorDetails = {},
): asserts condition {
  if (!condition) throw protocolError('invalid_argument', message, details, { advice: 'fatal' });
}
