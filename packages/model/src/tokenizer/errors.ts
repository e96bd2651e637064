/** Why a tokenizer could not be trained, read or used. */
export type TokenizerErrorCode =
  /** The tokenizer.json is not JSON of the expected form. */
  | 'tokenizer_malformed'
  /** The tokenizer.json uses a component this package does not implement; `details.component` names it. */
  | 'tokenizer_unsupported'
  /** The training text cannot give the requested vocabulary. */
  | 'tokenizer_training'
  /** A token id outside the vocabulary was decoded. */
  | 'token_out_of_range';

/** The one error class of the tokenizer: a code for programs, a message that says what to try for people. */
export class TokenizerError extends Error {
  readonly code: TokenizerErrorCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(
    code: TokenizerErrorCode,
    message: string,
    details: Readonly<Record<string, string | number>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'TokenizerError';
    this.code = code;
    this.details = details;
  }
}
