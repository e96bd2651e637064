import { ConnitoError, type ErrorDetails } from '@connito/protocol';

/**
 * - `specialist_invalid`: a specialist's tensors or statistics are not what its group and the base call for
 * - `base_differs`: a specialist was made for another base model
 * - `composition_conflict`: the specialists cannot be put together in the way asked for
 * - `not_expressible`: the result cannot be written in the format asked for
 * - `composition_malformed`: a composition manifest that is not canonical, not signed by its key, or contradicts itself
 * - `composition_worse`: a composition that lost more than its bounds allow
 */
export type CompositionErrorCode =
  | 'specialist_invalid'
  | 'base_differs'
  | 'composition_conflict'
  | 'not_expressible'
  | 'composition_malformed'
  | 'composition_worse';

/** An error of this package. Its message names the tensor and the package, and says what to do. */
export function compositionError(
  code: CompositionErrorCode,
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
