import { ConnitoError } from '@connito/protocol';
import { marketError } from '../errors.ts';
import { decodeExpertDocument, type PackageId, packageIdOf } from '../package/expert-manifest.ts';
import { DEFAULT_MAX_PACKAGE_BYTES, PACKAGE_FILES, type PackageFiles } from '../package/layout.ts';
import type { PackageChannel } from './channel.ts';

/** What a package is called, read from its manifest. Fails with `package_malformed` or `package_files_wrong`. */
export function identityOf(files: PackageFiles): { readonly name: string; readonly version: string } {
  const manifest = files.get(PACKAGE_FILES.manifest);
  if (manifest === undefined)
    throw marketError('package_files_wrong', `The package has no ${PACKAGE_FILES.manifest}.`);
  const { name, version } = decodeExpertDocument(manifest).manifest;
  return { name, version };
}

/** Whether a version still has to be added. Fails with `version_exists` where it is there with other bytes. */
export async function mustPublish(
  channel: Pick<PackageChannel, 'versions' | 'fetch' | 'address'>,
  files: PackageFiles,
  signal?: AbortSignal,
): Promise<boolean> {
  const { name, version } = identityOf(files);
  if (!(await channel.versions(name, signal)).includes(version)) return true;
  const options = { maxBytes: DEFAULT_MAX_PACKAGE_BYTES, ...(signal === undefined ? {} : { signal }) };
  const present = await channel.fetch(name, version, options);
  const same = idIn(present) === idIn(files);
  if (!same) throw versionExists(channel.address, name, version);
  return false;
}

/** The id, which covers every file but not the signatures: signing again makes other bytes of the same package. */
function idIn(files: PackageFiles): PackageId | null {
  const manifest = files.get(PACKAGE_FILES.manifest);
  try {
    return manifest === undefined ? null : packageIdOf(decodeExpertDocument(manifest).manifest);
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
