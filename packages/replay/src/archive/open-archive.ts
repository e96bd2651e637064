import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { decodeLedgerExtract, MAX_EXTRACT_BYTES } from '@connito/ledger';
import { DurableFile, fileError } from '@connito/node';
import { type ArtifactHash, decodeRunDefinition, runIdOf } from '@connito/protocol';
import { type ArtifactStore, storeError } from '@connito/store';
import type { Difference } from '../difference.ts';
import { replayError } from '../errors.ts';
import type { PublicRecord } from '../public-record.ts';
import {
  type ArchiveIndex,
  artifactName,
  DEFINITION_NAME,
  decodeIndex,
  hashOfName,
  INDEX_NAME,
  isArchiveName,
  LEDGER_NAME,
} from './archive-index.ts';
import { type ArchiveEntry, malformed, readEntries } from './ustar.ts';

const MAX_SMALL_BYTES = 64 << 20;
const CHUNK_BYTES = 1 << 20;

/** An archive open for reading: nothing but its list of entries is held in memory. */
export class Archive implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #entries: ReadonlyMap<string, ArchiveEntry>;
  readonly index: ArchiveIndex;

  private constructor(file: FileHandle, entries: ReadonlyMap<string, ArchiveEntry>, index: ArchiveIndex) {
    this.#file = file;
    this.#entries = entries;
    this.index = index;
  }

  /** Fails with `archive_malformed` where the file is not one, before anything of a stated size is allocated. */
  static async open(path: string): Promise<Archive> {
    const file = await open(path, 'r').catch((error: unknown) => {
      throw fileError(error, path);
    });
    try {
      const { size } = await file.stat();
      const readAt = (offset: number, bytes: number): Uint8Array => {
        const block = new Uint8Array(bytes);
        if (bytes > 0 && readSync(file.fd, block, 0, bytes, offset) !== bytes)
          throw malformed('it is cut short');
        return block;
      };
      const entries = readEntries(size, readAt, isArchiveName);
      const bytes = await readEntry(file, entries, INDEX_NAME, MAX_SMALL_BYTES);
      return new Archive(file, entries, decodeIndex(bytes));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Artifacts whose bytes are not what their names say. Reads the whole archive once. */
  async damage(signal: AbortSignal): Promise<Difference[]> {
    const differences: Difference[] = [];
    for (const [name, { offset, bytes }] of this.#entries) {
      const expected = hashOfName(name) ?? (name === LEDGER_NAME ? this.index.ledger : null);
      if (expected === null) continue;
      const digest = createHash('sha256');
      for (let at = 0; at < bytes; at += CHUNK_BYTES) {
        signal.throwIfAborted();
        digest.update(await readBytes(this.#file, offset + at, Math.min(CHUNK_BYTES, bytes - at)));
      }
      const found = digest.digest('hex');
      if (found !== expected)
        differences.push({ round: null, artefact: name, field: 'sha256', expected, found });
    }
    return differences;
  }

  /**
   * The record it holds, with the base model in `modelFolder`. Fails with `archive_malformed` and the errors of the run
   * definition and the ledger extract.
   */
  async record(modelFolder: string): Promise<PublicRecord> {
    const definition = decodeRunDefinition(await this.#read(DEFINITION_NAME, MAX_SMALL_BYTES));
    const run = runIdOf(definition);
    if (run !== this.index.run) throw malformed(`its run definition is run ${run}, not ${this.index.run}`);
    const extract = decodeLedgerExtract(await this.#read(LEDGER_NAME, MAX_EXTRACT_BYTES));
    return { definition, extract, store: this.#store(), modelFolder, isComplete: false };
  }

  /** Puts the base model's files into a folder of their own, gone when disposed of. Fails with `archive_incomplete`. */
  async unpackModel(): Promise<AsyncDisposable & { readonly folder: string }> {
    const { baseModel } = decodeRunDefinition(await this.#read(DEFINITION_NAME, MAX_SMALL_BYTES));
    const folder = await mkdtemp(join(tmpdir(), 'connito-archive-'));
    const remove = () => rm(folder, { recursive: true, force: true });
    try {
      for (const { path, sha256, bytes: stated } of baseModel.files) {
        const entry = this.#entries.get(artifactName(sha256));
        if (entry === undefined || entry.bytes !== stated) {
          const message = `The archive does not hold ${path} of the base model. Name a folder that has the model with --model.`;
          throw replayError('archive_incomplete', message, { path });
        }
        // The definition's schema allows no path that leaves a folder.
        const target = join(folder, path);
        await mkdir(dirname(target), { recursive: true });
        await using file = await DurableFile.create(target);
        for (let at = 0; at < entry.bytes; at += CHUNK_BYTES) {
          const length = Math.min(CHUNK_BYTES, entry.bytes - at);
          await file.write(await readBytes(this.#file, entry.offset + at, length));
        }
        await file.commit();
      }
    } catch (error) {
      await remove();
      throw error;
    }
    return { folder, [Symbol.asyncDispose]: remove };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }

  #read(name: string, maxBytes: number): Promise<Uint8Array> {
    return readEntry(this.#file, this.#entries, name, maxBytes);
  }

  /** Unverified: whoever reads an artifact compares it with its name. */
  #store(): Pick<ArtifactStore, 'get' | 'size'> {
    const entryOf = (hash: ArtifactHash) => this.#entries.get(artifactName(hash));
    return {
      size: async (hash) => entryOf(hash)?.bytes ?? null,
      get: async (hash, { maxBytes }) => {
        const entry = entryOf(hash);
        if (entry === undefined) {
          throw storeError('artifact_missing', `The archive has no artifact ${hash}.`, { details: { hash } });
        }
        const { offset, bytes } = entry;
        if (bytes > maxBytes) {
          const message = `Artifact ${hash} has ${bytes} bytes; at most ${maxBytes} are allowed.`;
          throw storeError('artifact_too_large', message, { details: { hash, bytes, maxBytes } });
        }
        return readBytes(this.#file, offset, bytes);
      },
    };
  }
}

async function readEntry(
  file: FileHandle,
  entries: ReadonlyMap<string, ArchiveEntry>,
  name: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const entry = entries.get(name);
  if (entry === undefined) throw malformed(`it has no ${name}`);
  if (entry.bytes > maxBytes) throw malformed(`its ${name} has more than ${maxBytes} bytes`);
  return readBytes(file, entry.offset, entry.bytes);
}

/** Sizes come from entries that lie within the file, so no more is allocated than is there. */
async function readBytes(file: FileHandle, offset: number, bytes: number): Promise<Uint8Array> {
  const target = new Uint8Array(bytes);
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(target, at, bytes - at, offset + at);
    if (bytesRead === 0) throw malformed('it became shorter while it was read');
    at += bytesRead;
  }
  return target;
}
