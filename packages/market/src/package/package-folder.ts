import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError, syncDirectory, systemCode, TEMPORARY_SUFFIX, writeDurably } from '@connito/node';
import { marketError } from '../errors.ts';
import {
  DEFAULT_MAX_PACKAGE_BYTES,
  isPackageFile,
  maxFileBytes,
  type PackageFileName,
  type PackageFiles,
} from './layout.ts';
import { tooLarge } from './verify-package.ts';

/**
 * A package folder's files. Refuses, before reading anything, a symbolic link or another entry that is no plain file, a file
 * that belongs to no package, and more bytes than allowed.
 */
export async function readPackageFolder(
  folder: string,
  maxBytes = DEFAULT_MAX_PACKAGE_BYTES,
): Promise<PackageFiles> {
  const files = new Map<PackageFileName, Uint8Array>();
  let total = 0;
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (!entry.isFile()) {
      const what = entry.isSymbolicLink() ? 'a symbolic link' : 'no plain file';
      throw marketError('package_unsafe', `${path} is ${what}; a package holds plain files only.`, { path });
    }
    if (!isPackageFile(entry.name)) {
      throw marketError('package_files_wrong', `${path} is no file of a package.`, { path });
    }
    const bytes = await readPlainFile(path, Math.min(maxFileBytes(entry.name, maxBytes), maxBytes - total));
    total += bytes.length;
    files.set(entry.name, bytes);
  }
  return files;
}

async function entriesOf(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(error, folder);
    throw marketError('package_missing', `There is no package in ${folder}.`, { folder });
  }
}

/** A file's bytes, of which there are at most `maxBytes`; a link is not followed, even if it was put there just now. */
export async function readPlainFile(path: string, maxBytes: number): Promise<Uint8Array> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) !== 'ELOOP') throw fileError(error, path);
    throw marketError('package_unsafe', `${path} is a symbolic link.`, { path });
  }
  await using _closed = handle;
  const stat = await handle.stat();
  if (!stat.isFile()) throw marketError('package_unsafe', `${path} is no plain file.`, { path });
  if (stat.size > maxBytes) throw tooLarge(stat.size, maxBytes);
  const bytes = new Uint8Array(stat.size);
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, offset, bytes.length - offset, offset);
    if (bytesRead === 0) throw marketError('package_corrupt', `${path} became shorter while it was read.`);
    offset += bytesRead;
  }
  return bytes;
}

/**
 * Writes a package as a folder that appears whole or not at all, and is durable once this resolves. Fails with `file_exists`
 * where the folder exists.
 */
export async function writePackageFolder(folder: string, files: PackageFiles): Promise<void> {
  const temporary = `${folder}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`;
  try {
    await mkdir(temporary, { recursive: true });
    for (const [name, bytes] of files) await writeDurably(join(temporary, name), bytes);
    // A rename onto a folder with something in it fails; onto an empty one it may not, which loses nothing.
    await rename(temporary, folder);
    await syncDirectory(dirname(folder));
  } catch (error) {
    const taken = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(systemCode(error) ?? '');
    if (!taken) throw fileError(error, folder);
    throw fileError(Object.assign(new Error('exists', { cause: error }), { code: 'EEXIST' }), folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
