import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileError, hasCode, systemCode } from '@connito/node';
import type { PackageFiles } from '../package/layout.ts';
import { readPackageFolder, writePackageFolder } from '../package/package-folder.ts';
import { isPackageName, isPackageVersion, newestFirst } from '../package/package-name.ts';
import type { FetchOptions, PackageChannel } from './channel.ts';
import { identityOf, mustPublish, versionExists, versionMissing } from './publication.ts';

/** Packages as folders `<directory>/<name>/<version>/`. */
export class DirectoryChannel implements PackageChannel {
  readonly address: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = resolve(directory);
    this.address = `dir:${this.#directory}`;
  }

  async names(signal?: AbortSignal): Promise<readonly string[]> {
    signal?.throwIfAborted();
    const names: string[] = [];
    for (const name of await foldersIn(this.#directory)) {
      if (isPackageName(name)) names.push(name);
      if (!name.startsWith('@')) continue;
      for (const inner of await foldersIn(join(this.#directory, name))) {
        if (isPackageName(`${name}/${inner}`)) names.push(`${name}/${inner}`);
      }
    }
    return names.sort();
  }

  async versions(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    signal?.throwIfAborted();
    if (!isPackageName(name)) return [];
    return newestFirst((await foldersIn(join(this.#directory, name))).filter(isPackageVersion));
  }

  async fetch(name: string, version: string, { maxBytes, signal }: FetchOptions): Promise<PackageFiles> {
    signal?.throwIfAborted();
    if (!isPackageName(name) || !isPackageVersion(version)) throw versionMissing(this.address, name, version);
    try {
      return await readPackageFolder(this.folderOf(name, version), maxBytes);
    } catch (error) {
      if (hasCode(error, 'package_missing')) throw versionMissing(this.address, name, version);
      throw error;
    }
  }

  async publish(files: PackageFiles, signal?: AbortSignal): Promise<void> {
    if (!(await mustPublish(this, files, signal))) return;
    const { name, version } = identityOf(files);
    const folder = this.folderOf(name, version);
    try {
      await mkdir(dirname(folder), { recursive: true });
      await writePackageFolder(folder, files);
    } catch (error) {
      // Somebody else published it at the same time.
      if (hasCode(error, 'file_exists')) throw versionExists(this.address, name, version);
      throw error;
    }
  }

  /** Where a version is or would be. */
  folderOf(name: string, version: string): string {
    return join(this.#directory, ...name.split('/'), version);
  }
}

/** Names of the folders in a folder, links left out; none where there is no such folder. */
async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw fileError(error, folder);
  }
}
