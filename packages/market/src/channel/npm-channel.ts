import { createHash } from 'node:crypto';
import { utf8 } from '@connito/protocol';
import { z } from 'zod';
import { marketError } from '../errors.ts';
import { decodeExpertDocument } from '../package/expert-manifest.ts';
import { PACKAGE_FILES, type PackageFiles } from '../package/layout.ts';
import { encodePackageJson } from '../package/package-json.ts';
import { isPackageName, isPackageVersion, newestFirst } from '../package/package-name.ts';
import { decodeTarball, encodeTarball } from '../package/tarball.ts';
import type { FetchOptions, PackageChannel } from './channel.ts';
import { ask, type Fetch } from './http.ts';
import { mustPublish, versionExists, versionMissing } from './publication.ts';

/** A packument lists every version with its package.json. */
const MAX_PACKUMENT_BYTES = 16 << 20;
const KEYWORD = 'connito-expert';
/** The most npm's search returns at once. */
const SEARCH_SIZE = 250;

const packumentSchema = z.object({
  versions: z.record(
    z.string(),
    z.object({ dist: z.object({ tarball: z.string(), integrity: z.string().optional() }) }),
  ),
});
type Packument = z.infer<typeof packumentSchema>;

const searchSchema = z.object({
  objects: z.array(
    z.object({ package: z.object({ name: z.string(), keywords: z.array(z.string()).nullish() }) }),
  ),
});

export type NpmChannelOptions = {
  readonly registry: URL;
  /** As npm's `_authToken`. Not needed where anybody may read, and to publish almost everywhere. */
  readonly token?: string;
};

/** An npm registry, by the protocol that npm itself speaks. Nothing is installed and no script is ever run. */
export class NpmChannel implements PackageChannel {
  readonly address: string;
  readonly #registry: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: Fetch;

  constructor({ registry, token }: NpmChannelOptions, fetchLike: Fetch = fetch) {
    this.#registry = registry.href.endsWith('/') ? registry : new URL(`${registry.href}/`);
    this.address = `npm:${this.#registry.href}`;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#fetch = fetchLike;
  }

  /** What the registry's search finds under this project's keyword; a registry may be slow to list what is new. */
  async names(signal?: AbortSignal): Promise<readonly string[]> {
    // Registries that cannot search by keyword list everything they have when asked for nothing.
    for (const text of [`keywords:${KEYWORD}`, '']) {
      const found = await this.#search(text, signal);
      if (found.length > 0) return found;
    }
    return [];
  }

  async #search(text: string, signal: AbortSignal | undefined): Promise<string[]> {
    const url = new URL('-/v1/search', this.#registry);
    url.searchParams.set('text', text);
    url.searchParams.set('size', String(SEARCH_SIZE));
    const headers = { ...this.#headers, accept: 'application/json' };
    const request = { maxBytes: MAX_PACKUMENT_BYTES, headers, expected: [400], signal };
    const { status, body } = await ask(this.#fetch, url, request);
    if (status === 400) return [];
    const names = this.#parse(searchSchema, body).objects.flatMap(({ package: found }) =>
      found.keywords?.includes(KEYWORD) === true && isPackageName(found.name) ? [found.name] : [],
    );
    return [...new Set(names)].sort();
  }

  async versions(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    const packument = await this.#packument(name, signal);
    return newestFirst(Object.keys(packument?.versions ?? {}).filter(isPackageVersion));
  }

  async fetch(name: string, version: string, { maxBytes, signal }: FetchOptions): Promise<PackageFiles> {
    const dist = (await this.#packument(name, signal))?.versions[version]?.dist;
    if (dist === undefined) throw versionMissing(this.address, name, version);
    // A registry behind a proxy may state another origin; asking that one would be asking a stranger.
    const stated = URL.canParse(dist.tarball) ? new URL(dist.tarball) : null;
    if (stated === null) throw this.#malformed(`it states no tarball for ${name} ${version}`);
    const url = new URL(stated.pathname, this.#registry);
    const request = { maxBytes, headers: this.#headers, signal };
    const { body } = await ask(this.#fetch, url, request);
    requireIntegrity(body, dist.integrity ?? null, `${name} ${version}`);
    return decodeTarball(body, maxBytes);
  }

  async publish(files: PackageFiles, signal?: AbortSignal): Promise<void> {
    if (!(await mustPublish(this, files, signal))) return;
    const { manifest } = decodeExpertDocument(files.get(PACKAGE_FILES.manifest)!);
    const { name, version } = manifest;
    const tarball = encodeTarball(files);
    const file = `${name}-${version}.tgz`;
    const document = {
      _id: name,
      name,
      description: manifest.description,
      'dist-tags': { latest: version },
      versions: {
        [version]: {
          ...JSON.parse(new TextDecoder().decode(encodePackageJson(manifest))),
          _id: `${name}@${version}`,
          readme: new TextDecoder().decode(files.get(PACKAGE_FILES.card)),
          dist: {
            integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
            shasum: createHash('sha1').update(tarball).digest('hex'),
            tarball: new URL(`${name}/-/${file}`, this.#registry).href,
          },
        },
      },
      _attachments: {
        [file]: {
          content_type: 'application/octet-stream',
          data: Buffer.from(tarball).toString('base64'),
          length: tarball.length,
        },
      },
    };
    const { status } = await ask(this.#fetch, this.#urlOf(name), {
      method: 'PUT',
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body: utf8(JSON.stringify(document)),
      maxBytes: MAX_PACKUMENT_BYTES,
      expected: [409],
      signal,
    });
    if (status === 409) throw versionExists(this.address, name, version);
  }

  async #packument(name: string, signal: AbortSignal | undefined): Promise<Packument | null> {
    if (!isPackageName(name)) return null;
    const { status, body } = await ask(this.#fetch, this.#urlOf(name), {
      headers: { ...this.#headers, accept: 'application/json' },
      maxBytes: MAX_PACKUMENT_BYTES,
      expected: [404],
      signal,
    });
    return status === 404 ? null : this.#parse(packumentSchema, body);
  }

  #urlOf(name: string): URL {
    return new URL(name.replace('/', '%2f'), this.#registry);
  }

  #parse<T>(schema: z.ZodType<T>, body: Uint8Array): T {
    try {
      return schema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
    } catch (cause) {
      throw this.#malformed('it answered with something else than an npm registry does', cause);
    }
  }

  #malformed(why: string, cause?: unknown) {
    const message = `${this.#registry.origin} is no npm registry this build understands: ${why}.`;
    return marketError('channel_malformed', message, { registry: this.#registry.origin }, cause);
  }
}

/** The registry's own hash of the tarball, where it states one this build knows: tells a damaged transfer from a forgery. */
function requireIntegrity(tarball: Uint8Array, stated: string | null, of: string): void {
  const [algorithm, expected] = (stated ?? '').split('-', 2);
  if (algorithm !== 'sha512' || expected === undefined) return;
  if (createHash('sha512').update(tarball).digest('base64') === expected) return;
  const message = `The tarball of ${of} is not the one the registry lists. Try again; if it stays so, the registry is damaged.`;
  throw marketError('package_corrupt', message);
}
