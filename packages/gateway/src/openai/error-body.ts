import { ConnitoError } from '@connito/protocol';
import { ApiError } from '../errors.ts';

/** How OpenAI's API words an error. */
export type ErrorBody = {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
};

/** What a client is told of a failure that is none of its business. */
export const INTERNAL_ERROR = new ApiError(500, 'The server failed to answer. Its log says why.', {
  type: 'server_error',
});

export function errorBody({ message, type, param, code }: ApiError): ErrorBody {
  return { error: { message, type, param, code } };
}

/** What a client may know of an error; null where that is nothing. */
export function toApiError(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error;
  if (!(error instanceof ConnitoError)) return null;
  switch (error.code) {
    case 'rate_limited':
      return new ApiError(429, error.message, {
        type: 'requests',
        code: 'rate_limit_exceeded',
        retryAfterSeconds: Math.max(1, Math.ceil(Number(error.details.retryAfterMs ?? 1_000) / 1_000)),
      });
    case 'body_too_large':
      return new ApiError(413, error.message, { code: 'request_too_large' });
    case 'swap_failed':
      return new ApiError(409, error.message, { code: 'swap_failed' });
    case 'generation_failed':
      return new ApiError(500, error.message, { type: 'server_error', code: 'generation_failed' });
    default:
      return null;
  }
}
