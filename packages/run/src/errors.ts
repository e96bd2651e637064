import { type Advice, ConnitoError, type ErrorDetails } from '@connito/protocol';

/**
 * - `base_model_mismatch`: the model folder is not the run's base model, or computes another loss
 * - `state_unavailable`: no source has the canonical state's bytes
 * - `source_unusable`: a token shard does not hold what the run definition says
 * - `run_unusable`: a run cannot be made from the given model and corpora
 */
export type RunErrorCode = 'base_model_mismatch' | 'state_unavailable' | 'source_unusable' | 'run_unusable';

export function runError(
  code: RunErrorCode,
  message: string,
  details: ErrorDetails = {},
  options: { readonly advice?: Advice; readonly cause?: unknown } = {},
): ConnitoError {
  return new ConnitoError(code, message, {
    advice: options.advice ?? 'fatal',
    details,
    cause: options.cause,
  });
}
