import { ConnitoError, type ErrorDetails } from '@connito/protocol';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { nodeError } from '../errors.ts';
import type { Log } from '../log.ts';

/** The HTTP status an error code is answered with. */
export type ErrorStatuses = Readonly<Record<string, number>>;

/** Statuses of this package's own errors. */
const NODE_STATUSES: ErrorStatuses = {
  unsigned_request: 401,
  bad_signature: 401,
  stale_request: 401,
  replayed_request: 401,
  hotkey_not_allowed: 403,
  rate_limited: 429,
  body_too_large: 413,
  body_mismatch: 400,
  invalid_request: 400,
  unknown_route: 404,
  disk_full: 507,
};

/** The body of every error answer. */
const errorBodySchema = z.object({
  error: z.object({
    code: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
    message: z.string().max(2_000),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;

/** Reads an error answer's body; null where the peer sent something else. */
export function parseErrorBody(text: string): ErrorBody['error'] | null {
  try {
    return errorBodySchema.parse(JSON.parse(text)).error;
  } catch {
    return null;
  }
}

/**
 * An empty application whose errors are answered as `{error: {code, message, details}}`. An error without a status
 * of its own is a fault of ours: logged, and answered without its message, which may say what is nobody's business.
 */
export function createApp(
  log: Log,
  statuses: ErrorStatuses = {},
  /** Sees every request first, those that no route matches too. */
  middleware?: MiddlewareHandler,
): Hono {
  const app = new Hono();
  if (middleware !== undefined) app.use(middleware);
  const known = { ...NODE_STATUSES, ...statuses };
  app.onError((error, context) => {
    const status = error instanceof ConnitoError ? known[error.code] : undefined;
    if (error instanceof ConnitoError && status !== undefined) {
      log.debug('Request refused', { path: context.req.path, error });
      return answer(context, status, error.code, error.message, error.details);
    }
    // The client is gone; nobody reads the answer.
    if (context.req.raw.signal.aborted) return answer(context, 499, 'client_gone', 'The client left.');
    log.error('Request failed', { route: routePath(context, -1), error });
    return answer(context, 500, 'internal_error', 'The server failed to answer. Its log says why.');
  });
  app.notFound((context) => {
    const { method, path } = context.req;
    const error = nodeError('unknown_route', `There is no ${method} ${path.slice(0, 200)} here.`);
    return answer(context, 404, error.code, error.message);
  });
  return app;
}

/** Keeps headers that a handler set before it failed, such as a 416's `Content-Range`. */
function answer(
  context: Context,
  status: number,
  code: string,
  message: string,
  details: ErrorDetails = {},
): Response {
  const body: ErrorBody = { error: { code, message, details } };
  return context.json(body, status as ContentfulStatusCode);
}

/** Parses an outside value or fails with `invalid_request`, naming the fields that are wrong. */
export function parseRequest<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5);
  const problems = issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
  throw nodeError('invalid_request', `The request does not match its schema: ${problems}.`);
}

/** Parses a JSON body or fails with `invalid_request`. */
export function parseJsonRequest<T>(schema: z.ZodType<T>, body: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw nodeError('invalid_request', 'The body is not JSON in UTF-8.', { cause });
  }
  return parseRequest(schema, value);
}
