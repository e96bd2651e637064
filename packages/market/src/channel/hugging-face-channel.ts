import { z } from 'zod';
import { marketError } from '../errors.ts';
import { decodeExpertDocument } from '../package/expert-manifest.ts';
import {
  maxFileBytes,
  PACKAGE_FILES,
  type PackageFileName,
  type PackageFiles,
  REQUIRED_FILES,
} from '../package/layout.ts';
import { isPackageVersion, newestFirst } from '../package/package-name.ts';
import type { FetchOptions, PackageChannel } from './channel.ts';
import { ask, type Fetch } from './http.ts';
import { versionMissing } from './publication.ts';

const MAX_REFS_BYTES = 4 << 20;
const refsSchema = z.object({ tags: z.array(z.object({ name: z.string() })) });

export type HuggingFaceChannelOptions = {
  /** The hub and the repository: `https://huggingface.co/team/math-experts`. */
  readonly repository: URL;
  readonly token?: string;
};

/**
 * One package in one Hugging Face model repository, which is the package's folder as it is; versions are tags `v1.0.0`.
 * Read only: pushing is git's business, since large files go through the hub's own LFS.
 */
export class HuggingFaceChannel implements PackageChannel {
  readonly address: string;
  readonly #hub: string;
  readonly #repository: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: Fetch;

  constructor({ repository, token }: HuggingFaceChannelOptions, fetchLike: Fetch = fetch) {
    this.#hub = repository.origin;
    this.#repository = repository.pathname.replaceAll(/^\/+|\/+$/g, '');
    this.address = `hf:${this.#hub}/${this.#repository}`;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#fetch = fetchLike;
  }

  /** The one package's name, by its newest version. */
  async names(signal?: AbortSignal): Promise<readonly string[]> {
    const [newest] = await this.#tags(signal);
    return newest === undefined ? [] : [await this.#nameAt(newest, signal)];
  }

  async versions(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    const versions = await this.#tags(signal);
    const [newest] = versions;
    return newest !== undefined && (await this.#nameAt(newest, signal)) === name ? versions : [];
  }

  async fetch(name: string, version: string, { maxBytes, signal }: FetchOptions): Promise<PackageFiles> {
    if (!(await this.versions(name, signal)).includes(version))
      throw versionMissing(this.address, name, version);
    const files = new Map<PackageFileName, Uint8Array>();
    let left = maxBytes;
    for (const file of Object.values(PACKAGE_FILES)) {
      const bytes = await this.#file(version, file, Math.min(left, maxFileBytes(file, maxBytes)), signal);
      if (bytes === null) continue;
      left -= bytes.length;
      files.set(file, bytes);
    }
    return files;
  }

  publish(): Promise<void> {
    const message = `${this.address} cannot be published to from here: push the package's folder with git (and git-lfs), and tag it v<version>.`;
    return Promise.reject(marketError('channel_refused', message));
  }

  async #tags(signal: AbortSignal | undefined): Promise<string[]> {
    const url = new URL(`/api/models/${this.#repository}/refs`, this.#hub);
    const request = { maxBytes: MAX_REFS_BYTES, headers: this.#headers, expected: [404], signal };
    const { status, body } = await ask(this.#fetch, url, request);
    if (status === 404) return [];
    let tags: z.infer<typeof refsSchema>['tags'];
    try {
      ({ tags } = refsSchema.parse(JSON.parse(new TextDecoder().decode(body))));
    } catch (cause) {
      const message = `${this.#hub} is no Hugging Face hub this build understands.`;
      throw marketError('channel_malformed', message, { hub: this.#hub }, cause);
    }
    return newestFirst(
      tags.flatMap(({ name }) =>
        name.startsWith('v') && isPackageVersion(name.slice(1)) ? [name.slice(1)] : [],
      ),
    );
  }

  async #nameAt(version: string, signal: AbortSignal | undefined): Promise<string> {
    const file = PACKAGE_FILES.manifest;
    const bytes = await this.#file(version, file, maxFileBytes(file, Number.MAX_SAFE_INTEGER), signal);
    if (bytes === null) throw versionMissing(this.address, this.#repository, version);
    return decodeExpertDocument(bytes).manifest.name;
  }

  async #file(
    version: string,
    file: PackageFileName,
    maxBytes: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | null> {
    const url = new URL(`/${this.#repository}/resolve/v${version}/${file}`, this.#hub);
    const expected = REQUIRED_FILES.has(file) ? [] : [404];
    const follow: Fetch = (address, init) => this.#fetch(address, { ...init, redirect: 'follow' });
    const { status, body } = await ask(follow, url, { maxBytes, headers: this.#headers, expected, signal });
    return status === 404 ? null : body;
  }
}
