import { createHash } from 'node:crypto';
import { constants, type FileHandle, lstat, mkdir, open, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DurableFile, fileError, syncDirectory, systemCode, TEMPORARY_SUFFIX } from '@connito/node';
import type { ArtifactHash } from '@connito/protocol';
import { artifactHashOf, isArtifactHash, parseArtifactHash } from './artifact-hash.ts';
import type { ArtifactStore, GetOptions } from './artifact-store.ts';
import { corrupt, missing, outsideRange, tooLarge } from './errors.ts';

export type PutStreamOptions = { readonly maxBytes: number; readonly signal?: AbortSignal };

/** How much a stream reads from the disk at once. */
const READ_CHUNK_BYTES = 256 * 1024;
/** A temporary file this old belongs to a process that died: no upload takes a day. */
const STALE_TEMPORARY_MS = 24 * 60 * 60 * 1000;

/** Artifacts as files `<directory>/<sha256>`, each written aside, synced and renamed. */
export class DirectoryStore implements ArtifactStore {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Opens a directory, creating it if need be, and clears what crashed writers left. */
  static async open(directory: string): Promise<DirectoryStore> {
    try {
      await mkdir(directory, { recursive: true });
      await removeStaleTemporaries(directory);
    } catch (error) {
      throw fileError(error, directory);
    }
    return new DirectoryStore(directory);
  }

  async put(bytes: Uint8Array, signal?: AbortSignal): Promise<ArtifactHash> {
    signal?.throwIfAborted();
    const hash = artifactHashOf(bytes);
    if (await this.holds(hash, signal)) return hash;
    await using file = await DurableFile.create(this.#pathOf(hash));
    await file.write(bytes);
    signal?.throwIfAborted();
    await file.commit();
    return hash;
  }

  /**
   * Stores what a stream brings if it is the named artifact, holding one chunk of it in memory at a time. Fails with
   * `artifact_too_large` or `artifact_corrupt`, leaving nothing behind.
   */
  async putStream(
    hash: ArtifactHash,
    chunks: AsyncIterable<Uint8Array>,
    options: PutStreamOptions,
  ): Promise<number> {
    await using file = await DurableFile.create(this.#pathOf(hash));
    const digest = createHash('sha256');
    let bytes = 0;
    for await (const chunk of chunks) {
      options.signal?.throwIfAborted();
      bytes += chunk.length;
      if (bytes > options.maxBytes) throw tooLarge(hash, bytes, options.maxBytes);
      digest.update(chunk);
      await file.write(chunk);
    }
    const actual = digest.digest('hex');
    if (actual !== hash) throw corrupt(hash, actual);
    await file.commit();
    return bytes;
  }

  async get(hash: ArtifactHash, { maxBytes, signal }: GetOptions): Promise<Uint8Array> {
    signal?.throwIfAborted();
    await using file = await this.#openArtifact(hash);
    if (file.bytes > maxBytes) throw tooLarge(hash, file.bytes, maxBytes);
    const bytes = new Uint8Array(file.bytes);
    await readFully(file.handle, bytes, 0, this.#pathOf(hash), signal);
    const actual = artifactHashOf(bytes);
    if (actual !== hash) throw corrupt(hash, actual);
    return bytes;
  }

  async getRange(hash: ArtifactHash, start: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    await using file = await this.#openArtifact(hash);
    if (!isRange(start, end, file.bytes)) throw outsideRange(hash, start, end, file.bytes);
    const bytes = new Uint8Array(end - start);
    await readFully(file.handle, bytes, start, this.#pathOf(hash), signal);
    return bytes;
  }

  /** Bytes `start..end` (end excluded) in chunks, unverified: for sending, where the receiver verifies. */
  async *stream(hash: ArtifactHash, start: number, end: number): AsyncIterable<Uint8Array> {
    await using file = await this.#openArtifact(hash);
    if (!isRange(start, end, file.bytes)) throw outsideRange(hash, start, end, file.bytes);
    for (let offset = start; offset < end; ) {
      const chunk = new Uint8Array(Math.min(READ_CHUNK_BYTES, end - offset));
      await readFully(file.handle, chunk, offset, this.#pathOf(hash));
      offset += chunk.length;
      yield chunk;
    }
  }

  async size(hash: ArtifactHash, signal?: AbortSignal): Promise<number | null> {
    signal?.throwIfAborted();
    const path = this.#pathOf(hash);
    try {
      // Not `stat`: a symbolic link is not an artifact.
      const entry = await lstat(path);
      return entry.isFile() ? entry.size : null;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null;
      throw fileError(error, path);
    }
  }

  async *list(signal?: AbortSignal): AsyncIterable<{ readonly hash: ArtifactHash; readonly bytes: number }> {
    // Closed by the loop, however it ends.
    for await (const entry of await opendir(this.#directory)) {
      signal?.throwIfAborted();
      if (!entry.isFile() || !isArtifactHash(entry.name)) continue;
      const bytes = await this.size(entry.name);
      if (bytes !== null) yield { hash: entry.name, bytes };
    }
  }

  async prune(keep: ReadonlySet<ArtifactHash>, signal?: AbortSignal): Promise<number> {
    const unwanted: { hash: ArtifactHash; bytes: number }[] = [];
    for await (const artifact of this.list(signal)) if (!keep.has(artifact.hash)) unwanted.push(artifact);
    let freedBytes = 0;
    for (const { hash, bytes } of unwanted) {
      signal?.throwIfAborted();
      await this.delete(hash);
      freedBytes += bytes;
    }
    await syncDirectory(this.#directory);
    return freedBytes;
  }

  /** Deletes one artifact if it is there. */
  async delete(hash: ArtifactHash): Promise<void> {
    await rm(this.#pathOf(hash), { force: true });
  }

  /** Whether the artifact is here and undamaged. Reads all of it. */
  async holds(hash: ArtifactHash, signal?: AbortSignal): Promise<boolean> {
    const bytes = await this.size(hash, signal);
    if (bytes === null) return false;
    const digest = createHash('sha256');
    for await (const chunk of this.stream(hash, 0, bytes)) {
      signal?.throwIfAborted();
      digest.update(chunk);
    }
    return digest.digest('hex') === hash;
  }

  #pathOf(hash: ArtifactHash): string {
    return join(this.#directory, parseArtifactHash(hash));
  }

  async #openArtifact(hash: ArtifactHash): Promise<AsyncDisposable & { handle: FileHandle; bytes: number }> {
    const path = this.#pathOf(hash);
    let handle: FileHandle;
    try {
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      // ELOOP: a symbolic link, which no store ever makes.
      if (['ENOENT', 'ELOOP'].includes(systemCode(error) ?? '')) throw missing(hash);
      throw fileError(error, path);
    }
    const entry = await handle.stat();
    if (!entry.isFile()) {
      await handle.close();
      throw missing(hash);
    }
    return { handle, bytes: entry.size, [Symbol.asyncDispose]: () => handle.close() };
  }
}

function isRange(start: number, end: number, bytes: number): boolean {
  return (
    Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= bytes
  );
}

async function readFully(
  handle: FileHandle,
  target: Uint8Array,
  position: number,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  for (let offset = 0; offset < target.length; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(target, offset, target.length - offset, position + offset);
    if (bytesRead === 0) throw fileError(new Error('the file became shorter while it was read'), path);
    offset += bytesRead;
  }
}

async function removeStaleTemporaries(directory: string): Promise<void> {
  for await (const entry of await opendir(directory)) {
    if (!entry.isFile() || !entry.name.endsWith(TEMPORARY_SUFFIX)) continue;
    const path = join(directory, entry.name);
    if (Date.now() - (await lstat(path)).mtimeMs > STALE_TEMPORARY_MS) await rm(path, { force: true });
  }
}
