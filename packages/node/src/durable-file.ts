import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from './file-error.ts';

export type DurableFileOptions = {
  /** Permission bits of the new file. */
  readonly mode?: number;
  /** Whether a file of that name is replaced; if not, `commit` fails with `file_exists`. Default true. */
  readonly replace?: boolean;
  /** How the temporary file is opened; tests pass one whose disk is full. */
  readonly openFile?: typeof open;
};

/** Temporary files have this suffix; one left over by a crash may be deleted when no process writes to the directory. */
export const TEMPORARY_SUFFIX = '.part';

/**
 * A file that appears under its name whole or not at all: written beside it under a temporary name, synced, renamed,
 * and the directory synced, so that it survives a power cut once `commit` resolves.
 *
 * @example
 * await using file = await DurableFile.create(path);
 * for await (const chunk of source) await file.write(chunk);
 * await file.commit();
 */
export class DurableFile implements AsyncDisposable {
  readonly path: string;
  readonly #temporaryPath: string;
  readonly #handle: FileHandle;
  readonly #replace: boolean;
  #open = true;

  private constructor(path: string, temporaryPath: string, handle: FileHandle, replace: boolean) {
    this.path = path;
    this.#temporaryPath = temporaryPath;
    this.#handle = handle;
    this.#replace = replace;
  }

  static async create(path: string, options: DurableFileOptions = {}): Promise<DurableFile> {
    const temporaryPath = `${path}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`;
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
    try {
      const handle = await (options.openFile ?? open)(temporaryPath, flags, options.mode ?? 0o644);
      return new DurableFile(path, temporaryPath, handle, options.replace ?? true);
    } catch (error) {
      throw fileError(error, path);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let offset = 0; offset < bytes.length; ) {
        offset += (await this.#handle.write(bytes, offset)).bytesWritten;
      }
    } catch (error) {
      throw fileError(error, this.path);
    }
  }

  /** Gives the file its name. Resolves when that is durable. */
  async commit(): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#close();
      // Unlike a rename, a hard link fails where the name is taken.
      if (this.#replace) await rename(this.#temporaryPath, this.path);
      else await link(this.#temporaryPath, this.path);
      await syncDirectory(dirname(this.path));
    } catch (error) {
      throw fileError(error, this.path);
    }
  }

  /** Drops what was written, unless it was committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close().catch(() => undefined);
    await rm(this.#temporaryPath, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}

/** Writes a whole file durably; see `DurableFile`. Fails with `disk_full` or `file_unusable`, leaving the old file. */
export async function writeDurably(
  path: string,
  bytes: Uint8Array,
  options: DurableFileOptions = {},
): Promise<void> {
  await using file = await DurableFile.create(path, options);
  await file.write(bytes);
  await file.commit();
}

/** Makes renames and deletions in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
