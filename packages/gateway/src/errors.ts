import { type Advice, ConnitoError, type ErrorDetails } from '@connito/protocol';

/**
 * What a client is told, as OpenAI's API tells it: an HTTP status and `{error: {message, type, param, code}}`.
 * `retryAfterSeconds` becomes the header `Retry-After`.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(
    status: number,
    message: string,
    options: {
      readonly type?: string;
      readonly code?: string;
      readonly param?: string;
      readonly retryAfterSeconds?: number;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.type = options.type ?? 'invalid_request_error';
    this.code = options.code ?? null;
    this.param = options.param ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

/** 400 with the field at fault. */
export function badRequest(message: string, param?: string, code?: string): ApiError {
  return new ApiError(400, message, {
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
  });
}

/** 503: the client may try again shortly. */
export function unavailable(message: string, code: string): ApiError {
  return new ApiError(503, message, { type: 'server_error', code, retryAfterSeconds: 1 });
}

export function stopping(): ApiError {
  return unavailable('The server is stopping.', 'stopping');
}

/**
 * - `api_keys_required`: the server would be reachable from elsewhere and has no keys
 * - `api_keys_unusable`: the file of keys is malformed
 * - `engine_unavailable`: an optional engine is not installed
 * - `swap_failed`: the new parameters were not taken; the old ones go on serving
 * - `model_unusable`: a model folder holds something this server cannot use
 */
export type GatewayErrorCode =
  | 'api_keys_required'
  | 'api_keys_unusable'
  | 'engine_unavailable'
  | 'swap_failed'
  | 'model_unusable';

export function gatewayError(
  code: GatewayErrorCode,
  message: string,
  options: { readonly details?: ErrorDetails; readonly cause?: unknown; readonly advice?: Advice } = {},
): ConnitoError {
  return new ConnitoError(code, message, { advice: 'fatal', ...options });
}
