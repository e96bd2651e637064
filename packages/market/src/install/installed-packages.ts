import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '@connito/node';
import { ConnitoError, type Hotkey } from '@connito/protocol';
import type { PackageChannel } from '../channel/channel.ts';
import { DirectoryChannel } from '../channel/directory-channel.ts';
import { marketError } from '../errors.ts';
import { decodeExpertDocument, type ExpertManifest, type PackageId } from '../package/expert-manifest.ts';
import { DEFAULT_MAX_PACKAGE_BYTES, maxFileBytes, PACKAGE_FILES } from '../package/layout.ts';
import { readPlainFile } from '../package/package-folder.ts';
import { bestVersion, type PackageSpec } from '../package/package-name.ts';
import { type ExpertPackage, type PackageRules, verifyPackage } from '../package/verify-package.ts';
import type { PackageIndex } from '../registry/package-index.ts';
import { resolveVersion } from '../registry/resolve-version.ts';

/** An installed version, or what is wrong with it now. */
export type InstalledPackage = {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  readonly id: PackageId | null;
  readonly manifest: ExpertManifest | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
};

export type InstallOptions = {
  readonly rules?: PackageRules;
  /** Decides which version a range means, and refuses what was revoked. Null: the channel's highest, and nothing is known. */
  readonly index?: PackageIndex | null;
  /** One more condition, asked before anything is kept: rejects to refuse. */
  readonly check?: (manifest: ExpertManifest) => Promise<void>;
  readonly signal?: AbortSignal;
};

/**
 * Packages on this machine, as folders `<root>/<name>/<version>/`. Whatever comes in was verified whole, and is verified again
 * when it is read.
 *
 * @example
 * const packages = new InstalledPackages('~/.connito/packages');
 * await packages.install(openChannel('npm:http://127.0.0.1:4873'), parsePackageSpec('math@1'));
 * const { manifest, parameters } = await packages.read(parsePackageSpec('math@1'));
 */
export class InstalledPackages {
  readonly root: string;
  readonly #folder: DirectoryChannel;

  constructor(root: string) {
    this.root = root;
    this.#folder = new DirectoryChannel(root);
  }

  /** Fetches, verifies and keeps a version. Fails with what is wrong with it, leaving nothing behind. */
  async install(
    channel: PackageChannel,
    spec: PackageSpec,
    options: InstallOptions = {},
  ): Promise<{ readonly folder: string; readonly installed: ExpertPackage }> {
    const { rules = {}, index = null, signal } = options;
    const entry = index === null ? null : resolveVersion(index, spec.name, spec.range, rules.publishers);
    const version = entry === null ? await newest(channel, spec, signal) : entry.version;
    const maxBytes = rules.maxBytes ?? DEFAULT_MAX_PACKAGE_BYTES;
    const fetching = { maxBytes, ...(signal === undefined ? {} : { signal }) };
    const files = await channel.fetch(spec.name, version, fetching);
    const installed = verifyPackage(files, rules);
    const { manifest, id } = installed;
    if (manifest.name !== spec.name || manifest.version !== version) {
      const message = `${channel.address} gave ${manifest.name} ${manifest.version} for ${spec.name} ${version}.`;
      throw marketError('package_corrupt', message);
    }
    if (entry !== null && entry.id !== id) {
      const message = `${spec.name} ${version} from ${channel.address} is another package than the one the index lists: ${id.slice(0, 12)}…, not ${entry.id.slice(0, 12)}….`;
      throw marketError('package_corrupt', message, { name: spec.name, version });
    }
    await this.#requireSamePublisher(manifest, rules);
    await options.check?.(manifest);
    const folder = this.#folder.folderOf(spec.name, version);
    if (await this.#isDamaged(spec.name, version)) await rm(folder, { recursive: true });
    await this.#folder.publish(files, signal);
    return { folder, installed };
  }

  /** A name is its first publisher's here, in whatever channel somebody else uses it: fails with `publisher_not_trusted`. */
  async #requireSamePublisher(
    { name, publisher }: ExpertManifest,
    { publishers }: PackageRules,
  ): Promise<void> {
    if (publishers !== undefined) return;
    for (const version of await this.#folder.versions(name)) {
      const known = await this.#publisherOf(name, version);
      if (known === null || known === publisher) continue;
      const message = `${name} ${version} is installed and published by ${known}; this one is published by ${publisher}. If you trust it too, say so with --trust ${publisher}.`;
      throw marketError('publisher_not_trusted', message, { name, publisher });
    }
  }

  /** Null where the manifest is damaged. */
  async #publisherOf(name: string, version: string): Promise<Hotkey | null> {
    const path = join(this.#folder.folderOf(name, version), PACKAGE_FILES.manifest);
    try {
      const bytes = await readPlainFile(
        path,
        maxFileBytes(PACKAGE_FILES.manifest, DEFAULT_MAX_PACKAGE_BYTES),
      );
      return decodeExpertDocument(bytes).manifest.publisher;
    } catch (error) {
      if (error instanceof ConnitoError) return null;
      throw error;
    }
  }

  /** Whether there is such a version and it is no whole package any more. */
  async #isDamaged(name: string, version: string): Promise<boolean> {
    if (!(await this.#folder.versions(name)).includes(version)) return false;
    try {
      await this.#read(name, version, {});
      return false;
    } catch (error) {
      if (!(error instanceof ConnitoError) || error.code === 'file_unusable') throw error;
      // Those are rules of whoever installed it, and say nothing of damage.
      return error.code !== 'package_unlicensed' && error.code !== 'package_too_large';
    }
  }

  /** All installed versions, each verified; what is damaged is listed with its fault. */
  async list(rules: PackageRules = {}): Promise<InstalledPackage[]> {
    const found: InstalledPackage[] = [];
    for (const name of await this.#folder.names()) {
      for (const version of await this.#folder.versions(name)) {
        const at = { name, version, folder: this.#folder.folderOf(name, version) };
        try {
          const { id, manifest } = await this.#read(name, version, rules);
          found.push({ ...at, id, manifest, fault: null });
        } catch (error) {
          if (!(error instanceof ConnitoError)) throw error;
          const { code, message } = error;
          found.push({ ...at, id: null, manifest: null, fault: { code, message } });
        }
      }
    }
    return found;
  }

  /** The folder of the highest installed version that fits. Fails with `package_missing`. */
  async folderOf(spec: PackageSpec): Promise<string> {
    return this.#folder.folderOf(spec.name, await this.#versionOf(spec));
  }

  /** The highest installed version that fits, verified. Fails with `package_missing`, or with what is wrong with it. */
  async read(spec: PackageSpec, rules: PackageRules = {}): Promise<ExpertPackage> {
    return this.#read(spec.name, await this.#versionOf(spec), rules);
  }

  /** Removes the highest installed version that fits. Fails with `package_missing`. */
  async remove(spec: PackageSpec): Promise<{ readonly version: string; readonly folder: string }> {
    const version = await this.#versionOf(spec);
    const folder = this.#folder.folderOf(spec.name, version);
    await rm(folder, { recursive: true });
    await syncDirectory(dirname(folder));
    return { version, folder };
  }

  async #read(name: string, version: string, rules: PackageRules): Promise<ExpertPackage> {
    const maxBytes = rules.maxBytes ?? DEFAULT_MAX_PACKAGE_BYTES;
    return verifyPackage(await this.#folder.fetch(name, version, { maxBytes }), rules);
  }

  async #versionOf({ name, range }: PackageSpec): Promise<string> {
    const versions = await this.#folder.versions(name);
    const version = bestVersion(versions, range);
    if (version !== null) return version;
    const known = versions.length === 0 ? 'no version of it is' : `${versions.join(', ')} are`;
    const message = `${name}@${range} is not installed in ${this.root}; ${known}. Install it with "connito package install".`;
    throw marketError('package_missing', message, { name, range });
  }
}

async function newest(
  channel: PackageChannel,
  { name, range }: PackageSpec,
  signal?: AbortSignal,
): Promise<string> {
  const versions = await channel.versions(name, signal);
  const version = bestVersion(versions, range);
  if (version !== null) return version;
  const known = versions.length === 0 ? 'none' : versions.join(', ');
  throw marketError('package_missing', `${channel.address} has no ${name}@${range}; it has ${known}.`, {
    name,
  });
}
