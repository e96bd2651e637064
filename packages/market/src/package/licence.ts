import { marketError } from '../errors.ts';

/** Licences that let a package be used, changed and sold. A reader may pass a list of its own. */
export const DEFAULT_ALLOWED_LICENCES: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-4.0',
  'CC-PDDC',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
];

const IDENTIFIER = /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/;

/** How run definitions word licences, and what SPDX calls them. A leading SPDX identifier stands for itself. */
const WORDED: ReadonlyMap<string, string> = new Map([['public domain', 'CC-PDDC']]);

/** The SPDX identifiers of an expression such as `MIT AND CC0-1.0`. Fails with `package_unlicensed`. */
export function licenceIdentifiers(expression: string): string[] {
  const identifiers = expression.split(' AND ');
  if (identifiers.every((identifier) => IDENTIFIER.test(identifier))) return identifiers;
  const message = `"${expression.slice(0, 80)}" is no licence this reader knows how to judge: SPDX identifiers joined by " AND " are.`;
  throw marketError('package_unlicensed', message);
}

/** Fails with `package_unlicensed` unless every part of the expression is allowed. */
export function requireLicence(expression: string, allowed: readonly string[], of: string): void {
  const refused = licenceIdentifiers(expression).filter((identifier) => !allowed.includes(identifier));
  if (refused.length === 0) return;
  const message = `${of} is under ${refused.join(' and ')}, which is not allowed here. Allowed: ${allowed.join(', ')}. Allow more with --allow-licence.`;
  throw marketError('package_unlicensed', message, { licence: expression });
}

/**
 * The licence of experts trained on some sources: all of theirs together, each once. Fails with `package_unlicensed` where
 * a source's wording has no SPDX name.
 */
export function licenceOfSources(
  sources: readonly { readonly id: string; readonly licence: string }[],
): string {
  const identifiers = sources.map(({ id, licence }) => {
    const [first = ''] = licence.split(' ');
    const known =
      WORDED.get(licence) ?? (/^[A-Z0-9][A-Za-z0-9]*(?:-[A-Za-z0-9.]+)*$/.test(first) ? first : null);
    if (known !== null) return known;
    const message = `Source "${id}" is under "${licence}", which has no SPDX name. Say with --licence what the package may be published under.`;
    throw marketError('package_unlicensed', message, { source: id });
  });
  return [...new Set(identifiers)].sort().join(' AND ');
}
