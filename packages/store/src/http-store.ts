import { HttpClient, type HttpStream, hasCode, type RequestSigner, type RetryPolicy } from '@connito/node';
import { type ArtifactHash, ConnitoError } from '@connito/protocol';
import { artifactHashOf, parseArtifactHash } from './artifact-hash.ts';
import type { ArtifactStore, GetOptions } from './artifact-store.ts';
import { parseContentRange } from './byte-range.ts';
import { corrupt, missing, outsideRange, storeError, tooLarge } from './errors.ts';
import { STORE_AUDIENCE } from './http-store-server.ts';

export type HttpStoreOptions = {
  /** Base URLs tried in order. Any of them may be hostile: the hash decides. */
  readonly sources: readonly URL[] | (() => readonly URL[]);
  /** Where `put` uploads to; without it the store is read-only. */
  readonly upload?: { readonly url: URL; readonly audience?: string };
  /** Longest wait for an answer's headers, and then for each next piece of its body. */
  readonly idleTimeoutMs?: number;
  /** Times a broken transfer is resumed from one source before the next is tried. */
  readonly resumes?: number;
  readonly retry?: RetryPolicy;
};

export type HttpStoreDependencies = { readonly signer?: RequestSigner; readonly client?: HttpClient };

const DEFAULT_IDLE_TIMEOUT_MS = 15_000;
const DEFAULT_RESUMES = 3;

/** Artifacts of peers. Everything but ranges is verified; a source that fails or lies is left for the next one. */
export class HttpStore implements ArtifactStore {
  readonly #options: HttpStoreOptions;
  readonly #client: HttpClient;
  readonly #idleTimeoutMs: number;

  constructor(options: HttpStoreOptions, dependencies: HttpStoreDependencies = {}) {
    const { signer } = dependencies;
    this.#options = options;
    this.#client = dependencies.client ?? new HttpClient(signer === undefined ? {} : { signer });
    this.#idleTimeoutMs = options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS;
  }

  async put(bytes: Uint8Array, signal?: AbortSignal): Promise<ArtifactHash> {
    const { upload } = this.#options;
    if (upload === undefined) {
      throw storeError(
        'not_supported',
        'This store has no upload address; give it one or put into a directory store.',
      );
    }
    const hash = artifactHashOf(bytes);
    await this.#client
      .send({
        url: artifactUrl(upload.url, hash),
        method: 'PUT',
        body: bytes,
        audience: upload.audience ?? STORE_AUDIENCE,
        headers: { 'content-type': 'application/octet-stream' },
        timeoutMs: this.#idleTimeoutMs + bytes.length / MIN_BYTES_PER_MS,
        ...(this.#options.retry === undefined ? {} : { retry: this.#options.retry }),
        ...(signal === undefined ? {} : { signal }),
      })
      .catch((error: unknown) => {
        throw ownError(error, hash);
      });
    return hash;
  }

  get(hash: ArtifactHash, options: GetOptions): Promise<Uint8Array> {
    parseArtifactHash(hash);
    return this.#fromAnySource(hash, options.signal, async (source) => {
      const bytes = await this.#download(source, hash, options);
      const actual = artifactHashOf(bytes);
      if (actual !== hash) throw corrupt(hash, actual);
      return bytes;
    });
  }

  getRange(hash: ArtifactHash, start: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
    parseArtifactHash(hash);
    return this.#fromAnySource(hash, signal, async (source) => {
      if (start === end) {
        const bytes = await this.#sizeAt(source, hash, signal);
        if (start > bytes) throw outsideRange(hash, start, end, bytes);
        return new Uint8Array(0);
      }
      const transfer = new Transfer(hash, end - start);
      await this.#resume(source, transfer, start, end, signal);
      if (start + transfer.expected < end) throw outsideRange(hash, start, end, start + transfer.expected);
      return transfer.bytes();
    });
  }

  async size(hash: ArtifactHash, signal?: AbortSignal): Promise<number | null> {
    parseArtifactHash(hash);
    try {
      return await this.#fromAnySource(hash, signal, (source) => this.#sizeAt(source, hash, signal));
    } catch (error) {
      if (hasCode(error, 'artifact_missing')) return null;
      throw error;
    }
  }

  list(): AsyncIterable<never> {
    return refuseEnumeration();
  }

  async prune(): Promise<number> {
    return refuseEnumeration();
  }

  async #download(source: URL, hash: ArtifactHash, { maxBytes, signal }: GetOptions): Promise<Uint8Array> {
    const transfer = new Transfer(hash, maxBytes);
    await this.#resume(source, transfer, 0, null, signal);
    return transfer.bytes();
  }

  /** Fills a transfer with bytes `start..end`, going on from where a broken connection left it. */
  async #resume(
    source: URL,
    transfer: Transfer,
    start: number,
    end: number | null,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const resumes = this.#options.resumes ?? DEFAULT_RESUMES;
    for (let failures = 0; ; ) {
      const receivedBefore = transfer.received;
      try {
        const from = start + transfer.received;
        const partial = from > 0 || end !== null;
        const stream = await this.#client.stream({
          url: artifactUrl(source, transfer.hash),
          headers: partial ? { range: `bytes=${from}-${end === null ? '' : end - 1}` } : {},
          timeoutMs: this.#idleTimeoutMs,
          ...(signal === undefined ? {} : { signal }),
        });
        await transfer.receive(stream, partial ? from : null, start);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        // Progress earns patience: only failures in a row count.
        failures = transfer.received > receivedBefore ? 1 : failures + 1;
        const broken = hasCode(error, 'peer_unreachable') || hasCode(error, 'peer_timeout');
        if (!broken || failures > resumes || transfer.received === 0) throw error;
      }
    }
  }

  async #sizeAt(source: URL, hash: ArtifactHash, signal: AbortSignal | undefined): Promise<number> {
    const response = await this.#client.send({
      url: artifactUrl(source, hash),
      method: 'HEAD',
      timeoutMs: this.#idleTimeoutMs,
      ...(this.#options.retry === undefined ? {} : { retry: this.#options.retry }),
      ...(signal === undefined ? {} : { signal }),
    });
    const stated = response.headers.get('content-length');
    if (stated === null || !/^\d{1,15}$/.test(stated)) throw corrupt(hash, 'no stated size');
    return Number(stated);
  }

  /** The first success; else the most telling failure: anything said about the artifact before mere absence. */
  async #fromAnySource<T>(
    hash: ArtifactHash,
    signal: AbortSignal | undefined,
    ask: (source: URL) => Promise<T>,
  ): Promise<T> {
    const { sources } = this.#options;
    let failure: ConnitoError | null = null;
    for (const source of typeof sources === 'function' ? sources() : sources) {
      signal?.throwIfAborted();
      try {
        return await ask(source);
      } catch (caught) {
        signal?.throwIfAborted();
        const error = ownError(caught, hash);
        if (!(error instanceof ConnitoError)) throw error;
        if (failure === null || failure.code === 'artifact_missing') failure = error;
      }
    }
    throw failure ?? missing(hash);
  }
}

/** The slowest upload waited for. */
const MIN_BYTES_PER_MS = 50;

/** What has arrived of one artifact from one source. */
class Transfer {
  readonly hash: ArtifactHash;
  readonly #maxBytes: number;
  /** Allocated when the size is known to be allowed. */
  #buffer: Uint8Array | null = null;
  received = 0;

  constructor(hash: ArtifactHash, maxBytes: number) {
    this.hash = hash;
    this.#maxBytes = maxBytes;
  }

  get expected(): number {
    return this.#buffer?.length ?? 0;
  }

  bytes(): Uint8Array {
    return this.#buffer ?? new Uint8Array(0);
  }

  /** Reads an answer to its end. `from` is the offset that was asked for, null where the whole was; `base` that of our first byte. */
  async receive(stream: HttpStream, from: number | null, base: number): Promise<void> {
    try {
      this.#expect(this.#statedEnd(stream, from) - base);
      const buffer = this.bytes();
      for await (const chunk of stream.chunks) {
        if (this.received + chunk.length > buffer.length) throw this.#tooMuch(this.received + chunk.length);
        buffer.set(chunk, this.received);
        this.received += chunk.length;
      }
      if (this.received < buffer.length) throw this.#cutShort();
    } finally {
      await stream.close();
    }
  }

  /** Where the answer's bytes end within the artifact. */
  #statedEnd({ status, headers }: HttpStream, from: number | null): number {
    if (from === null) {
      const stated = headers.get('content-length');
      if (status !== 200 || stated === null || !/^\d{1,15}$/.test(stated))
        throw this.#malformed('no stated size');
      return Number(stated);
    }
    const range = parseContentRange(headers.get('content-range'));
    if (status !== 206 || range?.start !== from) throw this.#malformed('another range than asked for');
    return range.end;
  }

  #expect(bytes: number): void {
    if (bytes > this.#maxBytes) throw this.#tooMuch(bytes);
    this.#buffer ??= new Uint8Array(bytes);
    if (this.#buffer.length !== bytes) throw this.#malformed('another size than before');
  }

  #tooMuch(bytes: number): ConnitoError {
    return tooLarge(this.hash, bytes, this.#maxBytes);
  }

  #cutShort(): ConnitoError {
    return new ConnitoError('peer_unreachable', `The transfer of ${this.hash} ended early.`, {
      advice: 'retry',
      details: { received: this.received, expected: this.expected },
    });
  }

  #malformed(what: string): ConnitoError {
    return storeError('artifact_corrupt', `The source answered with ${what} for artifact ${this.hash}.`, {
      details: { hash: this.hash },
    });
  }
}

function artifactUrl(base: URL, hash: ArtifactHash): URL {
  return new URL(`artifacts/${hash}`, base.href.endsWith('/') ? base : new URL(`${base.href}/`));
}

/** A peer's refusal in this package's own words, where it has them. */
function ownError(error: unknown, hash: ArtifactHash): unknown {
  if (!hasCode(error, 'peer_refused')) return error;
  const { status, peerCode } = error.details;
  if (status === 404) return missing(hash);
  const options = { details: { hash, ...error.details }, cause: error };
  if (status === 416)
    return storeError('range_unsatisfiable', `The range is not inside artifact ${hash}.`, options);
  if (status === 413)
    return storeError('artifact_too_large', `The peer takes no artifact as large as ${hash}.`, options);
  if (peerCode === 'quota_exceeded')
    return storeError('quota_exceeded', `The peer's quota is used up.`, options);
  return error;
}

function refuseEnumeration(): never {
  throw storeError(
    'not_supported',
    'A store read over HTTP cannot be listed or pruned; do that where its directory is.',
  );
}
