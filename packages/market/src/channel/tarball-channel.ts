import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileError, hasCode, systemCode, writeDurably } from '@connito/node';
import type { PackageFiles } from '../package/layout.ts';
import { readPlainFile } from '../package/package-folder.ts';
import { isPackageName, isPackageVersion, newestFirst } from '../package/package-name.ts';
import { decodeTarball, encodeTarball } from '../package/tarball.ts';
import type { FetchOptions, PackageChannel } from './channel.ts';
import { identityOf, mustPublish, versionExists, versionMissing } from './publication.ts';

const SUFFIX = '.tgz';
/** Between name and version: in neither, unlike the hyphen of `npm pack`. */
const SEPARATOR = '_';
/** In a file's name, where a scoped package's has a slash. */
const SLASH = '+';

/** Packages as files `<directory>/<name>_<version>.tgz`, with `+` for the slash of a scope. */
export class TarballChannel implements PackageChannel {
  readonly address: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = resolve(directory);
    this.address = `tarballs:${this.#directory}`;
  }

  async names(signal?: AbortSignal): Promise<readonly string[]> {
    signal?.throwIfAborted();
    return [...new Set((await this.#list()).map(({ name }) => name))].sort();
  }

  async versions(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    signal?.throwIfAborted();
    const own = (await this.#list()).filter((entry) => entry.name === name);
    return newestFirst(own.map(({ version }) => version));
  }

  async fetch(name: string, version: string, { maxBytes, signal }: FetchOptions): Promise<PackageFiles> {
    signal?.throwIfAborted();
    if (!(await this.versions(name)).includes(version)) throw versionMissing(this.address, name, version);
    return decodeTarball(await readPlainFile(this.#pathOf(name, version), maxBytes), maxBytes);
  }

  async publish(files: PackageFiles, signal?: AbortSignal): Promise<void> {
    if (!(await mustPublish(this, files, signal))) return;
    const { name, version } = identityOf(files);
    try {
      await mkdir(this.#directory, { recursive: true });
      await writeDurably(this.#pathOf(name, version), encodeTarball(files), { replace: false });
    } catch (error) {
      if (hasCode(error, 'file_exists')) throw versionExists(this.address, name, version);
      throw error;
    }
  }

  #pathOf(name: string, version: string): string {
    return join(this.#directory, `${name.replace('/', SLASH)}${SEPARATOR}${version}${SUFFIX}`);
  }

  async #list(): Promise<{ readonly name: string; readonly version: string }[]> {
    let entries: string[];
    try {
      entries = await readdir(this.#directory);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw fileError(error, this.#directory);
    }
    return entries.flatMap((entry) => {
      if (!entry.endsWith(SUFFIX)) return [];
      const [file = '', version = '', ...more] = entry.slice(0, -SUFFIX.length).split(SEPARATOR);
      const name = file.replace(SLASH, '/');
      const isVersion = more.length === 0 && isPackageName(name) && isPackageVersion(version);
      return isVersion ? [{ name, version }] : [];
    });
  }
}
