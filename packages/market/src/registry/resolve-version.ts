import type { Hotkey } from '@connito/protocol';
import { marketError } from '../errors.ts';
import { bestVersion, packageVersionSchema } from '../package/package-name.ts';
import type { IndexEntry, PackageIndex } from './package-index.ts';
import { latestNotice, type PackageStatus, statusOf } from './package-status.ts';

/**
 * The version of a package that a range means now: the highest that is neither revoked nor rolled back; a deprecated one only
 * where no active one fits. A version named exactly is meant even when it was rolled back. Fails with `package_missing`, with
 * `package_revoked` where only revoked ones fit, or with `publisher_not_trusted` where several publishers use the name and
 * `publishers` does not say which of them is meant.
 */
export function resolveVersion(
  index: PackageIndex,
  name: string,
  range: string,
  publishers?: ReadonlySet<Hotkey>,
): IndexEntry {
  const own = ofOnePublisher(index, name, publishers);
  const pick = (statuses: readonly PackageStatus[]): IndexEntry | null => {
    const fitting = own.filter((entry) => statuses.includes(statusOf(index, entry)));
    const version = bestVersion(
      fitting.map((entry) => entry.version),
      range,
    );
    return fitting.find((entry) => entry.version === version) ?? null;
  };
  const exact = packageVersionSchema.safeParse(range).success;
  const found = pick(['active']) ?? pick(['deprecated']) ?? (exact ? pick(['rolled-back']) : null);
  if (found !== null) return found;
  const revoked = pick(['revoked']);
  if (revoked !== null) throw revokedError(index, revoked);
  const known = own.map(({ version }) => version).join(', ');
  const message = `No version of ${name} fits ${range}; the index has ${known === '' ? 'none' : known}.`;
  throw marketError('package_missing', message, { name, range });
}

/** A name's versions, of those publishers that are trusted. */
function ofOnePublisher(
  index: PackageIndex,
  name: string,
  trusted: ReadonlySet<Hotkey> | undefined,
): readonly IndexEntry[] {
  const named = index.entries.filter((entry) => entry.name === name);
  const own = trusted === undefined ? named : named.filter(({ publisher }) => trusted.has(publisher));
  const isTrusted = own.length > 0 || named.length === 0;
  const publishers = new Set((isTrusted ? own : named).map(({ publisher }) => publisher));
  if (isTrusted && publishers.size <= 1) return own;
  const message = `${name} is published by ${[...publishers].join(' and by ')}; name the one you trust with --trust.`;
  throw marketError('publisher_not_trusted', message, { name });
}

function revokedError(index: PackageIndex, entry: IndexEntry) {
  const { name, version } = entry;
  const { reason, replacement } = latestNotice(index, entry)!.notice;
  const instead = replacement === null ? 'There is no replacement.' : `Use ${replacement} instead.`;
  const message = `${name} ${version} was revoked by its publisher: ${reason} ${instead}`;
  return marketError('package_revoked', message, { name, version });
}
