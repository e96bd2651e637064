import type { Advice } from '@connito/protocol';
import { type Clock, systemClock } from '../clock.ts';
import { hasCode, nodeError } from '../errors.ts';
import { readBounded, statedLength } from './bounded-body.ts';
import { parseErrorBody } from './http-error.ts';
import { DEFAULT_RETRY, type RetryPolicy, retrying } from './retry.ts';
import type { RequestSigner } from './signed-request.ts';

export type HttpRequest = {
  readonly url: URL;
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Signs the request for the server of this name. Needs a client with a signer. */
  readonly audience?: string;
  /** Until the whole answer is there; for a stream, until its headers are there. */
  readonly timeoutMs?: number;
  readonly maxResponseBytes?: number;
  readonly retry?: RetryPolicy;
  readonly signal?: AbortSignal;
};

export type HttpResponse = { readonly status: number; readonly headers: Headers; readonly body: Uint8Array };

/** A response whose body is still to be read. The caller reads it to its end or calls `close`. */
export type HttpStream = {
  readonly status: number;
  readonly headers: Headers;
  /** Chunks as they come. Fails with `peer_timeout` when none comes for `timeoutMs`. */
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
};

export type HttpClientDependencies = {
  readonly signer?: RequestSigner;
  readonly clock?: Clock;
  readonly fetch?: typeof fetch;
};

/** Enough for any control message; bulk data goes through `stream`, bounded by its reader. */
const DEFAULT_MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 10_000;
/** Error answers are one small object. */
const MAX_ERROR_BYTES = 16 * 1024;

/** Talks to peers: every wait is bounded, every body is bounded, every failure is one of the `peer_…` codes. */
export class HttpClient {
  readonly #signer: RequestSigner | null;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;

  constructor(dependencies: HttpClientDependencies = {}) {
    this.#signer = dependencies.signer ?? null;
    this.#clock = dependencies.clock ?? systemClock;
    this.#fetch = dependencies.fetch ?? fetch;
  }

  /** The whole answer, with as many attempts as `retry` allows. */
  send(request: HttpRequest): Promise<HttpResponse> {
    return retrying(
      request.retry ?? DEFAULT_RETRY,
      this.#clock,
      () => this.#attempt(request),
      request.signal,
    );
  }

  /** One attempt: resolves once the headers are there. */
  async stream(request: HttpRequest): Promise<HttpStream> {
    const watch = new Watch(request, this.#clock);
    try {
      const response = await this.#open(request, watch);
      return {
        status: response.status,
        headers: response.headers,
        chunks: watchedChunks(response.body, watch),
        close: async () => {
          watch.end();
          await response.body?.cancel().catch(() => undefined);
        },
      };
    } catch (error) {
      watch.end();
      throw watch.explain(error);
    }
  }

  async #attempt(request: HttpRequest): Promise<HttpResponse> {
    const watch = new Watch(request, this.#clock);
    try {
      const response = await this.#open(request, watch);
      const maxBytes = request.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES;
      const stated = request.method === 'HEAD' ? null : statedLength(response.headers);
      const body = await readBounded(response.body, maxBytes, stated);
      return { status: response.status, headers: response.headers, body };
    } catch (error) {
      throw watch.explain(error);
    } finally {
      watch.end();
    }
  }

  async #open(request: HttpRequest, watch: Watch): Promise<Response> {
    const { url, method = 'GET', body } = request;
    const response = await this.#fetch(url, {
      method,
      headers: { ...request.headers, ...this.#signatureOf(request) },
      // A copy is avoided: no caller passes shared memory.
      body: body === undefined ? null : (body as Uint8Array<ArrayBuffer>),
      signal: watch.signal,
      redirect: 'error',
    });
    if (!response.ok) throw await refusal(response, url);
    return response;
  }

  #signatureOf({ audience, method = 'GET', url, body }: HttpRequest): Record<string, string> {
    if (audience === undefined) return {};
    if (this.#signer === null) throw new TypeError('a signed request needs a client with a signer');
    return this.#signer.headers(audience, method, url, body ?? new Uint8Array(0));
  }
}

/** Ends a request when its caller gives up or nothing happens in time, and knows afterwards which it was. */
class Watch {
  readonly #controller = new AbortController();
  readonly #request: HttpRequest;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #cancelTimer: () => void = () => undefined;
  #timedOut = false;

  constructor(request: HttpRequest, clock: Clock) {
    request.signal?.throwIfAborted();
    this.#request = request;
    this.#clock = clock;
    this.#timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    request.signal?.addEventListener('abort', this.#onCallerAbort, { once: true });
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something arrived: the time runs anew. */
  restart(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.setTimer(this.#timeoutMs, () => {
      this.#timedOut = true;
      this.#controller.abort();
    });
  }

  end(): void {
    this.#cancelTimer();
    this.#request.signal?.removeEventListener('abort', this.#onCallerAbort);
  }

  explain(error: unknown): unknown {
    const { url, signal } = this.#request;
    if (signal?.aborted) return signal.reason;
    const peer = url.origin;
    if (this.#timedOut) {
      return nodeError(
        'peer_timeout',
        `${peer} did not answer ${url.pathname} within ${this.#timeoutMs} ms.`,
        {
          details: { peer, path: url.pathname, timeoutMs: this.#timeoutMs },
          cause: error,
        },
      );
    }
    if (hasCode(error, 'body_too_large')) {
      return nodeError('peer_response_too_large', `${peer} sent more for ${url.pathname} than allowed.`, {
        details: { peer, path: url.pathname, ...error.details },
      });
    }
    // fetch reports every failure of the connection as a TypeError or, within the body, as its socket's error.
    if (!(error instanceof Error) || 'advice' in error) return error;
    return nodeError('peer_unreachable', `The connection to ${peer} failed. Is it running and reachable?`, {
      details: { peer, path: url.pathname },
      cause: error,
    });
  }

  readonly #onCallerAbort = () => this.#controller.abort(this.#request.signal?.reason);
}

async function* watchedChunks(
  body: ReadableStream<Uint8Array> | null,
  watch: Watch,
): AsyncIterable<Uint8Array> {
  try {
    if (body === null) return;
    for await (const chunk of body) {
      watch.restart();
      yield chunk;
    }
  } catch (error) {
    throw watch.explain(error);
  } finally {
    watch.end();
  }
}

/** Statuses that say the same request may succeed later. */
const RETRY_STATUSES = new Set([408, 425, 429, 502, 503, 504]);

async function refusal(response: Response, url: URL) {
  const text = await readBounded(response.body, MAX_ERROR_BYTES)
    .then((bytes) => new TextDecoder().decode(bytes))
    .catch(() => '');
  const stated = parseErrorBody(text);
  const { status } = response;
  const advice: Advice = RETRY_STATUSES.has(status) ? 'retry' : 'reject';
  const hint =
    stated?.code === 'stale_request'
      ? ' This machine’s clock and the peer’s differ by too much; set the one that is wrong.'
      : '';
  return nodeError(
    'peer_refused',
    `${url.origin} answered ${status} to ${url.pathname}${stated === null ? '' : ` (${stated.code})`}.${hint}`,
    {
      details: {
        ...stated?.details,
        peer: url.origin,
        path: url.pathname,
        status,
        peerCode: stated?.code ?? null,
        // The peer's own words, for a developer; bounded, and never to be acted on.
        peerMessage: stated?.message.slice(0, 500) ?? null,
      },
      advice,
    },
  );
}
