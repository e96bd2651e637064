import { ConnitoError, type ErrorDetails } from '@connito/protocol';

/**
 * - `tokenizer_malformed`: the tokenizer.json is not JSON of the expected form
 * - `tokenizer_unsupported`: it uses a component this package does not implement; `details.component` names it
 * - `tokenizer_training`: the requested vocabulary cannot be trained
 * - `token_out_of_range`: an id outside the vocabulary was decoded
 */
export type TokenizerErrorCode =
  | 'tokenizer_malformed'
  | 'tokenizer_unsupported'
  | 'tokenizer_training'
  | 'token_out_of_range';

/** What can go wrong when a tokenizer is trained, read or used. */
export class TokenizerError extends ConnitoError {
  constructor(
    code: TokenizerErrorCode,
    message: string,
    details: ErrorDetails = {},
    options?: { readonly cause?: unknown },
  ) {
    super(code, message, {
      ...options,
      advice: code === 'token_out_of_range' ? 'reject' : 'fatal',
      details,
    });
  }
}
