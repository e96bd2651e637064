import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Clock } from '../clock.ts';
import { counter, type Metrics, secondsHistogram } from './metric.ts';

/** Requests that a role answers. */
export const HTTP_SERVER_METRICS = {
  requests: counter('connito_http_requests_total', 'Requests answered.', ['method', 'route', 'status']),
  seconds: secondsHistogram(
    'connito_http_request_duration_seconds',
    'From a request to the headers of its answer; waiting for a block is part of it.',
    ['method', 'route'],
  ),
} as const;

/** Requests that a role sends to the ledger or the store. */
export const HTTP_CLIENT_METRICS = {
  requests: counter('connito_peer_requests_total', 'Requests sent; `failed` where no answer came.', [
    'peer',
    'status',
  ]),
  seconds: secondsHistogram(
    'connito_peer_request_duration_seconds',
    'From sending a request to the headers of its answer; waiting for a block is part of it.',
    ['peer'],
  ),
  sentBytes: counter('connito_peer_sent_bytes_total', 'Bytes of the bodies of requests sent.', ['peer']),
  receivedBytes: counter('connito_peer_received_bytes_total', 'Bytes of the bodies of answers read.', [
    'peer',
  ]),
} as const;

/** Counts an application's requests by the route's pattern, never by the path, which anybody may choose. */
export function meteredRoutes(metrics: Metrics<typeof HTTP_SERVER_METRICS>, clock: Clock): MiddlewareHandler {
  return async (context, next) => {
    const startedAtMs = clock.nowMs();
    await next();
    const { method } = context.req;
    const pattern = routePath(context, -1);
    // Without a handler, the last match is this middleware itself.
    const route = pattern === '/*' || pattern === '*' ? 'none' : pattern;
    const known = METHODS.has(method) ? method : 'other';
    metrics.requests.inc({ method: known, route, status: context.res.status });
    metrics.seconds.observe({ method: known, route }, (clock.nowMs() - startedAtMs) / 1_000);
  };
}

const METHODS = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS']);

/** `fetch` that counts what goes to and comes from one peer: bodies only, and of answers only what was read. */
export function meteredFetch(
  peer: string,
  metrics: Metrics<typeof HTTP_CLIENT_METRICS>,
  clock: Clock,
  send: typeof fetch = fetch,
): typeof fetch {
  return async (input, init) => {
    const startedAtMs = clock.nowMs();
    if (init?.body instanceof Uint8Array) metrics.sentBytes.inc({ peer }, init.body.length);
    let response: Response;
    try {
      response = await send(input, init);
    } catch (error) {
      metrics.requests.inc({ peer, status: 'failed' });
      throw error;
    }
    metrics.requests.inc({ peer, status: response.status });
    metrics.seconds.observe({ peer }, (clock.nowMs() - startedAtMs) / 1_000);
    if (response.body === null) return response;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        metrics.receivedBytes.inc({ peer }, chunk.length);
        controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counted), { status, statusText, headers });
  };
}
