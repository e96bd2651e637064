import { utf8 } from '@connito/protocol';
import { AwsClient } from 'aws4fetch';
import { marketError } from '../errors.ts';
import type { PackageId } from '../package/expert-manifest.ts';
import { maxFileBytes, PACKAGE_FILES, type PackageFileName, type PackageFiles } from '../package/layout.ts';
import { isPackageName, isPackageVersion, newestFirst } from '../package/package-name.ts';
import type { FetchOptions, PackageChannel } from './channel.ts';
import { ask, type Fetch } from './http.ts';
import { identityOf, mustPublish, versionExists, versionMissing } from './publication.ts';

/** A page of a listing has at most 1000 keys. */
const MAX_LISTING_BYTES = 4 << 20;
const MAX_PAGES = 1000;

/** Beside a version's files: the id of the package that the version is or will be. */
const CLAIM = 'claim';
const MAX_CLAIM_BYTES = 256;
const IF_NEW = { 'if-none-match': '*' };

export type S3ChannelOptions = {
  /** Of the bucket and, below it, of the prefix: `https://s3.example/bucket/experts/`. */
  readonly url: URL;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region?: string;
};

/** Packages as objects `<prefix><name>/<version>/<file>` of an S3 bucket, addressed by path. */
export class S3Channel implements PackageChannel {
  readonly address: string;
  readonly #bucket: URL;
  readonly #prefix: string;
  readonly #fetch: Fetch;

  constructor(options: S3ChannelOptions) {
    const { url, accessKeyId, secretAccessKey, region = 'us-east-1' } = options;
    const [bucket = '', ...prefix] = url.pathname.split('/').filter((part) => part !== '');
    this.#bucket = new URL(`/${bucket}`, url);
    this.#prefix = prefix.length === 0 ? '' : `${prefix.join('/')}/`;
    this.address = `s3:${url.href}`;
    // Retrying is the caller's business.
    const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
    this.#fetch = (address, init) => client.fetch(address, init);
  }

  async names(signal?: AbortSignal): Promise<readonly string[]> {
    return [...new Set((await this.#list('', signal)).map(({ name }) => name))].sort();
  }

  async versions(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    if (!isPackageName(name)) return [];
    const own = (await this.#list(`${name}/`, signal)).filter((entry) => entry.name === name);
    return newestFirst(own.map(({ version }) => version));
  }

  async fetch(name: string, version: string, { maxBytes, signal }: FetchOptions): Promise<PackageFiles> {
    if (!isPackageName(name) || !isPackageVersion(version) || !(await this.#isWhole(name, version, signal)))
      throw versionMissing(this.address, name, version);
    const files = new Map<PackageFileName, Uint8Array>();
    let left = maxBytes;
    for (const file of Object.values(PACKAGE_FILES)) {
      const { status, body } = await ask(this.#fetch, this.#urlOf(name, version, file), {
        maxBytes: Math.min(left, maxFileBytes(file, maxBytes)),
        expected: [404],
        signal,
      });
      if (status === 404) continue;
      left -= body.length;
      files.set(file, body);
    }
    return files;
  }

  async publish(files: PackageFiles, signal?: AbortSignal): Promise<void> {
    if (!(await mustPublish(this, files, signal))) return;
    const { name, version, id } = identityOf(files);
    await this.#claim(name, version, id, signal);
    for (const file of files.keys())
      if (file !== PACKAGE_FILES.manifest)
        await this.#put(this.#urlOf(name, version, file), files.get(file)!, signal);
    // Last, since a version without it is none.
    const manifest = this.#urlOf(name, version, PACKAGE_FILES.manifest);
    if (!(await this.#put(manifest, files.get(PACKAGE_FILES.manifest)!, signal, IF_NEW)))
      throw versionExists(this.address, name, version);
  }

  /**
   * Makes a version this package's before any file of it is there: of two that publish at once, one writes none. The claim stays,
   * so that a publication that broke off is finished by the same package alone. On servers that heed no conditions it
   * only makes the time shorter in which two can meet.
   */
  async #claim(name: string, version: string, id: PackageId, signal: AbortSignal | undefined): Promise<void> {
    const url = this.#urlOf(name, version, CLAIM);
    await this.#put(url, utf8(id), signal, IF_NEW);
    const { body } = await ask(this.#fetch, url, { maxBytes: MAX_CLAIM_BYTES, signal });
    if (new TextDecoder().decode(body) === id) return;
    const message = `Another package is being published as ${name} ${version} in ${this.address}, or was and broke off. Publish a higher version.`;
    throw marketError('version_exists', message, { name, version });
  }

  /** Whether it was written: false where a condition did not hold. */
  async #put(
    url: URL,
    body: Uint8Array,
    signal: AbortSignal | undefined,
    headers: Record<string, string> = {},
  ): Promise<boolean> {
    const { status } = await ask(this.#fetch, url, {
      method: 'PUT',
      headers,
      body,
      maxBytes: MAX_LISTING_BYTES,
      expected: [409, 412],
      signal,
    });
    return status < 400;
  }

  async #isWhole(name: string, version: string, signal: AbortSignal | undefined): Promise<boolean> {
    const url = this.#urlOf(name, version, PACKAGE_FILES.manifest);
    const { status } = await ask(this.#fetch, url, { method: 'HEAD', maxBytes: 0, expected: [404], signal });
    return status !== 404;
  }

  /** Whole versions whose keys begin with the prefix and `below`. A version is whole once its manifest is there. */
  async #list(
    below: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly name: string; readonly version: string }[]> {
    const found: { readonly name: string; readonly version: string }[] = [];
    let token: string | null = null;
    for (let page = 0; page < MAX_PAGES; page++) {
      const url = new URL(this.#bucket);
      url.searchParams.set('list-type', '2');
      url.searchParams.set('prefix', `${this.#prefix}${below}`);
      if (token !== null) url.searchParams.set('continuation-token', token);
      const { body } = await ask(this.#fetch, url, { maxBytes: MAX_LISTING_BYTES, signal });
      const xml = new TextDecoder().decode(body);
      if (!xml.includes('<ListBucketResult')) {
        const message = `${url.origin} is no S3 server this build understands: a listing is something else.`;
        throw marketError('channel_malformed', message, { url: url.origin });
      }
      // Names of packages, versions and files have no character that XML would escape.
      for (const [, key = ''] of xml.matchAll(/<Key>([^<]*)<\/Key>/g)) {
        const entry = this.#versionOf(key);
        if (entry !== null) found.push(entry);
      }
      token = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(xml)?.[1] ?? null;
      if (token === null) break;
    }
    return found;
  }

  /** The version whose manifest a key is. */
  #versionOf(key: string): { readonly name: string; readonly version: string } | null {
    const end = `/${PACKAGE_FILES.manifest}`;
    if (!key.startsWith(this.#prefix) || !key.endsWith(end)) return null;
    const parts = key.slice(this.#prefix.length, -end.length).split('/');
    const version = parts.pop()!;
    const name = parts.join('/');
    return isPackageName(name) && isPackageVersion(version) ? { name, version } : null;
  }

  #urlOf(name: string, version: string, file: PackageFileName | typeof CLAIM): URL {
    return new URL(`${this.#bucket.href}/${this.#prefix}${name}/${version}/${file}`);
  }
}
