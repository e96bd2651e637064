import { ConnitoError, equalBytes } from '@connito/protocol';
import { marketError } from '../errors.ts';
import { decodeExpertDocument, type PackageId, packageIdOf } from '../package/expert-manifest.ts';
import { DEFAULT_MAX_PACKAGE_BYTES, PACKAGE_FILES, type PackageFiles } from '../package/layout.ts';
import type { PackageChannel } from './channel.ts';

/** What a package is and is called, read from its manifest. Fails with `package_malformed` or `package_files_wrong`. */
export function identityOf(files: PackageFiles): {
  readonly name: string;
  readonly version: string;
  readonly id: PackageId;
} {
  const bytes = files.get(PACKAGE_FILES.manifest);
  if (bytes === undefined)
    throw marketError('package_files_wrong', `The package has no ${PACKAGE_FILES.manifest}.`);
  const { manifest } = decodeExpertDocument(bytes);
  return { name: manifest.name, version: manifest.version, id: packageIdOf(manifest) };
}

/**
 * Whether a version still has to be added. Fails with `version_exists` where it is there with other content, and with
 * `package_corrupt` where it is the same package, damaged.
 */
export async function mustPublish(
  channel: Pick<PackageChannel, 'versions' | 'fetch' | 'address'>,
  files: PackageFiles,
  signal?: AbortSignal,
): Promise<boolean> {
  const { name, version, id } = identityOf(files);
  if (!(await channel.versions(name, signal)).includes(version)) return true;
  const options = { maxBytes: DEFAULT_MAX_PACKAGE_BYTES, ...(signal === undefined ? {} : { signal }) };
  const present = await channel.fetch(name, version, options);
  if (idIn(present) !== id) throw versionExists(channel.address, name, version);
  for (const [file, bytes] of files) {
    const there = present.get(file);
    if (file === PACKAGE_FILES.manifest || (there !== undefined && equalBytes(there, bytes))) continue;
    const message = `${channel.address} has ${name} ${version} already, and its ${file} is damaged. Remove the version there, then publish it again.`;
    throw marketError('package_corrupt', message, { name, version, file });
  }
  return false;
}

/** The id, which covers every file but not the signatures: signing again makes other bytes of the same package. */
function idIn(files: PackageFiles): PackageId | null {
  try {
    return identityOf(files).id;
  } catch (error) {
    if (error instanceof ConnitoError) return null;
    throw error;
  }
}

export function versionExists(address: string, name: string, version: string) {
  const message = `${address} has ${name} ${version} already, with other content. Versions never change: publish a higher one.`;
  return marketError('version_exists', message, { name, version });
}

export function versionMissing(address: string, name: string, version: string) {
  const message = `${address} has no ${name} ${version}.`;
  return marketError('package_missing', message, { name, version });
}
