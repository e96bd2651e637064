import {
  type AllowHotkey,
  type Clock,
  createApp,
  type Log,
  nodeError,
  type RateLimit,
  RateLimiter,
  RequestVerifier,
  signedHeaders,
  silentLog,
  statedLength,
  systemClock,
} from '@connito/node';
import type { ArtifactHash, Hotkey } from '@connito/protocol';
import type { Hono, MiddlewareHandler } from 'hono';
import { parseArtifactHash } from './artifact-hash.ts';
import { parseRange } from './byte-range.ts';
import type { DirectoryStore } from './directory-store.ts';
import { missing, outsideRange, STORE_STATUSES, storeError, tooLarge } from './errors.ts';
import { createStoreMetrics, type StoreMetrics } from './metrics.ts';

/** What requests to a store are signed for, unless its owner names it otherwise. */
export const STORE_AUDIENCE = 'store';

export type StoreServerOptions = {
  readonly audience?: string;
  /** Largest artifact taken in. */
  readonly maxArtifactBytes: number;
  /** Most bytes one hotkey may upload while this server runs. Unlimited unless given. */
  readonly quotaBytes?: number;
  readonly uploadLimit?: RateLimit;
};

export type StoreServerDependencies = {
  readonly store: DirectoryStore;
  /** Who may upload. */
  readonly mayPut: AllowHotkey;
  /** Whether an artifact may be handed out yet, such as a report before its window has closed. Default: all. */
  readonly mayServe?: (hash: ArtifactHash) => boolean;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly metrics?: StoreMetrics;
  /** Sees every request first, to count it. */
  readonly middleware?: MiddlewareHandler;
};

/**
 * An artifact store over HTTP. Reading needs the hash and nothing else; there is no listing, so what has not been
 * revealed cannot be found. Uploads are signed, bounded before they are read, and never held in memory.
 *
 *     GET, HEAD /artifacts/:hash   200, 206 (Range), 404, 416
 *     PUT       /artifacts/:hash   201, 200 (was there), 400, 401, 403, 411, 413, 429, 507
 */
export function createStoreApp(options: StoreServerOptions, dependencies: StoreServerDependencies): Hono {
  const { store, mayPut, mayServe = () => true, clock = systemClock, log = silentLog } = dependencies;
  const metrics = dependencies.metrics ?? createStoreMetrics(store, clock);
  const verifier = new RequestVerifier({ audience: options.audience ?? STORE_AUDIENCE }, clock);
  const limiter = new RateLimiter(options.uploadLimit ?? { burst: 100, perSecond: 20 }, clock);
  const quota = new Quota(options.quotaBytes ?? Number.POSITIVE_INFINITY);
  const statuses = { ...STORE_STATUSES, length_required: 411 };
  const app = createApp(log, statuses, dependencies.middleware);

  // hono answers HEAD by GET's handler and drops the body.
  app.get('/artifacts/:hash', async (context) => {
    const hash = parseArtifactHash(context.req.param('hash'));
    const bytes = mayServe(hash) ? await store.size(hash) : null;
    if (bytes === null) throw missing(hash);
    const range = parseRange(context.req.header('range'), bytes);
    if (range === 'unsatisfiable') {
      context.header('content-range', `bytes */${bytes}`);
      throw outsideRange(hash, bytes, bytes, bytes);
    }
    const { start, end } = range ?? { start: 0, end: bytes };
    const headers = {
      'accept-ranges': 'bytes',
      'content-type': 'application/octet-stream',
      'content-length': String(end - start),
      // The name fixes the bytes for ever.
      'cache-control': 'public, max-age=31536000, immutable',
      etag: `"${hash}"`,
      ...(range === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes}` }),
    };
    const body =
      context.req.method === 'HEAD'
        ? null
        : ReadableStream.from(counted(store.stream(hash, start, end), metrics.sentBytes));
    return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>> | null, {
      status: range === null ? 200 : 206,
      headers,
    });
  });

  app.put('/artifacts/:hash', signedHeaders({ verifier, allow: mayPut, limiter }), async (context) => {
    const hash = parseArtifactHash(context.req.param('hash'));
    const { hotkey, bodySha256 } = context.var.signed;
    if (bodySha256 !== hash) {
      throw nodeError('body_mismatch', 'The signed body is not the artifact that the path names.', {
        details: { hash, bodySha256 },
      });
    }
    const request = context.req.raw;
    const bytes = statedLength(request.headers);
    if (bytes === null) {
      throw nodeError('invalid_request', 'An upload states its size in a Content-Length header.');
    }
    if (bytes > options.maxArtifactBytes) throw tooLarge(hash, bytes, options.maxArtifactBytes);
    if (await store.holds(hash, request.signal)) return context.json({ hash, bytes }, 200);
    using reservation = quota.reserve(hotkey, bytes);
    const chunks = counted(request.body ?? ReadableStream.from<Uint8Array>([]), metrics.receivedBytes);
    await store.putStream(hash, chunks, { maxBytes: bytes, signal: request.signal });
    reservation.keep();
    log.debug('Artifact stored', { hash, bytes, hotkey });
    return context.json({ hash, bytes }, 201);
  });

  return app;
}

/** The same chunks, counted as they pass. */
async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  counter: StoreMetrics['sentBytes'],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    counter.inc(chunk.length);
    yield chunk;
  }
}

/** Bytes each hotkey has uploaded or is uploading. */
class Quota {
  readonly #maxBytes: number;
  readonly #used = new Map<Hotkey, number>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Counts the bytes from now on, so that parallel uploads cannot exceed the quota; gives them back unless kept. */
  reserve(hotkey: Hotkey, bytes: number): Disposable & { keep(): void } {
    const used = this.#used.get(hotkey) ?? 0;
    if (used + bytes > this.#maxBytes) {
      throw storeError(
        'quota_exceeded',
        `${hotkey} has stored ${used} of ${this.#maxBytes} bytes; ${bytes} more do not fit.`,
        {
          details: { hotkey, used, bytes, quota: this.#maxBytes },
        },
      );
    }
    this.#used.set(hotkey, used + bytes);
    let kept = false;
    return {
      keep: () => {
        kept = true;
      },
      [Symbol.dispose]: () => {
        if (!kept) this.#used.set(hotkey, (this.#used.get(hotkey) ?? bytes) - bytes);
      },
    };
  }
}
