import semver from 'semver';
import { z } from 'zod';
import { marketError } from '../errors.ts';

/** What npm, file systems, URLs and Hugging Face all take: `math`, or `@team/math`. */
const NAME = /^(?:@[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?\/)?[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

export const packageNameSchema = z
  .string()
  .regex(NAME, 'lower-case letters, digits and inner hyphens, with an optional @scope/');

/** `1.4.0` or `2.0.0-rc.1`, without build metadata, which some registries drop. */
export const packageVersionSchema = z
  .string()
  .max(64)
  .refine((text) => semver.valid(text) === text && !text.includes('+'), 'a semantic version such as 1.0.0');

export function isPackageName(text: string): boolean {
  return NAME.test(text);
}

export function isPackageVersion(text: string): boolean {
  return packageVersionSchema.safeParse(text).success;
}

/** Which package, and which of its versions: `math`, `math@1`, `@team/math@^1.2`. */
export type PackageSpec = { readonly name: string; readonly range: string };

/** Reads `name`, `name@range` or `name@version`. Fails with `invalid_package_name`. */
export function parsePackageSpec(text: string): PackageSpec {
  const at = text.lastIndexOf('@');
  const [name, range] = at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, '*'];
  if (!NAME.test(name)) {
    const message = `"${text.slice(0, 80)}" names no package: use lower-case letters, digits and hyphens, as in math, math@1.2 or @team/math@^1.`;
    throw marketError('invalid_package_name', message);
  }
  if (semver.validRange(range) === null || range.trim() === '') {
    const message = `"${range.slice(0, 80)}" is no version or range of versions: use 1.2.0, 1, ^1.2 or *.`;
    throw marketError('invalid_package_name', message, { name });
  }
  return { name, range };
}

/** The highest version in a range, or null; versions before a release only where the range names one. */
export function bestVersion(versions: readonly string[], range: string): string | null {
  return semver.maxSatisfying([...versions], range);
}

/** Versions, newest first. */
export function newestFirst(versions: readonly string[]): string[] {
  return [...versions].sort((a, b) => semver.rcompare(a, b));
}
