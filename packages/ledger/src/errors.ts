import { type Advice, ConnitoError, type ErrorDetails } from '@connito/protocol';

/** Codes of the errors every ledger throws, with their advice unless the thrower knows better. */
const ADVICE = {
  /** The block is not sealed, or no longer kept. */
  unknown_block: 'retry',
  /** The hotkey has no uid here; call `register` first. */
  not_registered: 'reject',
  /** All uids are taken. */
  subnet_full: 'reject',
  /** A note is empty or longer than `MAX_NOTE_BYTES`. */
  invalid_note_size: 'reject',
  /** The hotkey has written as much as the ledger lets it in this block or epoch. */
  note_limit: 'retry',
  /** The endpoint is no short http(s) URL. */
  invalid_endpoint: 'reject',
  /** Announced again too soon. */
  announce_limit: 'retry',
  /** Only permitted validators set chain weights. */
  no_validator_permit: 'reject',
  /** Chain weights with an unknown or repeated uid, or a value that is no u16. */
  invalid_weights: 'reject',
  /** Chain weights were set too recently. */
  weights_limit: 'retry',
  /** `ready` was said for a block that is not open yet. */
  block_not_open: 'reject',
  /** A payment without a reference or payee, with one twice, or with an amount that is no whole number above 0. */
  invalid_payment: 'reject',
  /** The payer has less than it wants to pay. */
  insufficient_balance: 'reject',
  /** Another process has this ledger open. */
  ledger_in_use: 'fatal',
  /** The ledger file belongs to another genesis than the one given. */
  genesis_mismatch: 'fatal',
  /** The genesis contradicts itself. */
  invalid_genesis: 'fatal',
  /** The ledger file cannot be read or written. */
  ledger_unusable: 'fatal',
  /** Bytes are no extract of a ledger. */
  extract_malformed: 'reject',
  /** The ledger was closed. */
  ledger_closed: 'fatal',
  /** The ledger's server did not answer for longer than the client is willing to wait. */
  ledger_unreachable: 'retry',
  /** More clients wait for blocks than the server holds connections for. */
  too_many_waiters: 'retry',
} as const satisfies Record<string, Advice>;

export type LedgerErrorCode = keyof typeof ADVICE;

/** What the ledger's server answers each code with that can cross the wire. */
export const LEDGER_STATUSES = {
  unknown_block: 404,
  not_registered: 403,
  subnet_full: 409,
  invalid_note_size: 400,
  note_limit: 429,
  invalid_endpoint: 400,
  announce_limit: 429,
  no_validator_permit: 403,
  invalid_weights: 400,
  weights_limit: 429,
  block_not_open: 409,
  invalid_payment: 400,
  insufficient_balance: 409,
  ledger_closed: 503,
  too_many_waiters: 503,
} as const satisfies Partial<Record<LedgerErrorCode, number>>;

export function isWireCode(code: unknown): code is keyof typeof LEDGER_STATUSES {
  return typeof code === 'string' && Object.hasOwn(LEDGER_STATUSES, code);
}

export function ledgerError(
  code: LedgerErrorCode,
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
