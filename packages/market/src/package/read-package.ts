import { stat } from 'node:fs/promises';
import { systemCode } from '@connito/node';
import { DEFAULT_MAX_PACKAGE_BYTES, type PackageFiles } from './layout.ts';
import { readPackageFolder, readPlainFile } from './package-folder.ts';
import { decodeTarball } from './tarball.ts';
import { type ExpertPackage, type PackageRules, verifyPackage } from './verify-package.ts';

/**
 * Reads a package from a folder or a `.tgz` and verifies all of it first. Nothing of it is run. Fails with the codes of
 * `errors.ts`.
 *
 * @example
 * const { manifest, parameters, routerFile } = await readExpertPackage('packages/math');
 */
export async function readExpertPackage(path: string, rules: PackageRules = {}): Promise<ExpertPackage> {
  return verifyPackage(await readPackageFiles(path, rules.maxBytes), rules);
}

/** A package's files from a folder or a tarball, bounded and of the right names, but not verified. */
export async function readPackageFiles(
  path: string,
  maxBytes = DEFAULT_MAX_PACKAGE_BYTES,
): Promise<PackageFiles> {
  if (!(await isFile(path))) return readPackageFolder(path, maxBytes);
  return decodeTarball(await readPlainFile(path, maxBytes), maxBytes);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
