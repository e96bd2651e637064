import { type Verify, verifySr25519 } from '@connito/protocol';
import { marketError } from '../errors.ts';
import { type NoticeKind, requireNotice, type SignedNotice } from './notice.ts';
import type { IndexEntry, PackageIndex } from './package-index.ts';

/** What may be done with a version. */
export type PackageStatus = 'active' | 'deprecated' | 'rolled-back' | 'revoked';

/**
 * An index with a notice added. Fails with `document_refused` unless the publisher of that very package signed it, or where
 * it does not come after the notices there are.
 */
export function withNotice(
  index: PackageIndex,
  signed: SignedNotice,
  verify: Verify = verifySr25519,
): PackageIndex {
  const entry = index.entries.find(({ id }) => id === signed.notice.package);
  if (entry === undefined) throw refuse(signed, 'the index has no such package');
  requireFollowing(signed, index.notices, entry, verify);
  return { ...index, notices: [...index.notices, signed] };
}

/** Fails with `document_refused` unless each of an index's notices was right when it came. */
export function requireNotices({ entries, notices }: PackageIndex, verify: Verify): void {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const earlier = new Map<string, SignedNotice[]>();
  for (const signed of notices) {
    const { package: id } = signed.notice;
    const own = earlier.get(id) ?? [];
    requireFollowing(signed, own, byId.get(id), verify);
    earlier.set(id, own);
    own.push(signed);
  }
}

/** Of a package that is not listed now, whoever signed a notice may have been its publisher: an entry decides when it comes. */
function requireFollowing(
  signed: SignedNotice,
  earlier: readonly SignedNotice[],
  entry: IndexEntry | undefined,
  verify: Verify,
): void {
  const { notice } = signed;
  requireNotice(signed, verify);
  if (entry !== undefined && (entry.name !== notice.name || entry.version !== notice.version))
    throw refuse(signed, 'it names another package');
  if (entry !== undefined && entry.publisher !== notice.publisher)
    throw refuse(signed, `only its publisher ${entry.publisher} may say this`);
  const last = latestOf(earlier, { id: notice.package, publisher: notice.publisher });
  if (last !== null && last.notice.sequence >= notice.sequence)
    throw refuse(signed, 'a later one is there already');
  if (last?.notice.kind === 'revoke')
    throw refuse(signed, 'the version is revoked, which is never taken back');
}

function refuse({ notice }: SignedNotice, why: string) {
  const message = `The notice about ${notice.name} ${notice.version} is refused: ${why}.`;
  return marketError('document_refused', message);
}

/** An index with the notices of an older one, but those that somebody else than a listed package's publisher signed. */
export function withNoticesOf(index: PackageIndex, before: PackageIndex): PackageIndex {
  const listed = new Map(index.entries.map((entry) => [entry.id, entry]));
  const notices = before.notices.filter(({ notice }) => {
    const entry = listed.get(notice.package);
    return (
      entry === undefined ||
      (entry.publisher === notice.publisher && entry.name === notice.name && entry.version === notice.version)
    );
  });
  return { ...index, notices };
}

/** Whose notices say something of a package. */
type Noticed = Pick<IndexEntry, 'id' | 'publisher'>;

/** What the publisher last said of a version; a revocation outlives whatever follows. */
export function latestNotice(index: PackageIndex, entry: Noticed): SignedNotice | null {
  return latestOf(index.notices, entry);
}

function latestOf(notices: readonly SignedNotice[], { id, publisher }: Noticed): SignedNotice | null {
  const own = notices.filter(({ notice }) => notice.package === id && notice.publisher === publisher);
  const revoked = own.find(({ notice }) => notice.kind === 'revoke');
  return revoked ?? own.sort((a, b) => b.notice.sequence - a.notice.sequence)[0] ?? null;
}

const STATUS_OF: Readonly<Record<NoticeKind, PackageStatus>> = {
  deprecate: 'deprecated',
  rollback: 'rolled-back',
  restore: 'active',
  revoke: 'revoked',
};

export function statusOf(index: PackageIndex, entry: Noticed): PackageStatus {
  const last = latestNotice(index, entry);
  return last === null ? 'active' : STATUS_OF[last.notice.kind];
}
