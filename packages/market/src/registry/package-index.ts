import {
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
  type Hotkey,
  hotkeySchema,
  nameSchema,
  nanoNatsSchema,
  type Verify,
  verifySr25519,
} from '@connito/protocol';
import { z } from 'zod';
import { marketError } from '../errors.ts';
import {
  type ExpertDocument,
  type Measurement,
  packageIdOf,
  packageIdSchema,
} from '../package/expert-manifest.ts';
import { bestVersion, packageNameSchema, packageVersionSchema } from '../package/package-name.ts';
import { type NoticeKind, requireNotice, type SignedNotice, signedNoticeSchema } from './notice.ts';

const INDEX_FORMAT = 'connito/1/package-index';
const MAX_INDEX_BYTES = 64 << 20;
const MAX_ENTRIES = 65_536;

const count = z.int().min(0);
const gain = z.strictObject({
  domain: nameSchema,
  meanNanoNats: nanoNatsSchema,
  lowerNanoNats: nanoNatsSchema,
  upperNanoNats: nanoNatsSchema,
});

const entrySchema = z.strictObject({
  id: packageIdSchema,
  name: packageNameSchema,
  version: packageVersionSchema,
  description: z.string().max(512),
  domain: nameSchema,
  /** `baseHashOf` the base model. */
  base: z.string().regex(/^[0-9a-f]{64}$/),
  architecture: z.string().max(64),
  experts: count,
  parameters: count,
  /** Bytes of the files that the manifest names. */
  sizeBytes: count,
  licence: z.string().max(256),
  pricePerMillionTokens: count,
  /** Loss on its own domain, base minus package. */
  gain: gain.nullable(),
  /** On the text it costs most among those that its run does not train on: negative where it got worse. */
  worstGeneral: gain.nullable(),
  run: z.string().regex(/^[0-9a-f]{64}$/),
  mergedRounds: count,
  miners: count,
  publisher: hotkeySchema,
  /** All who signed, the publisher among them. */
  signers: z.array(hotkeySchema).min(1).max(64),
  /** Addresses of channels that have it. */
  channels: z.array(z.string().min(1).max(512)).max(64),
});

const indexSchema = z.strictObject({
  format: z.literal(INDEX_FORMAT),
  /** By name, then version as text. */
  entries: z.array(entrySchema).max(MAX_ENTRIES),
  notices: z.array(signedNoticeSchema).max(MAX_ENTRIES),
});

/** One version of one package, as a buyer compares it. Everything follows from its manifest. */
export type IndexEntry = z.infer<typeof entrySchema>;
/** What is on offer, and what publishers said of it since. Anybody can make one from channels and compare. */
export type PackageIndex = z.infer<typeof indexSchema>;

/** What may be done with a version. */
export type PackageStatus = 'active' | 'deprecated' | 'rolled-back' | 'revoked';

export const EMPTY_INDEX: PackageIndex = { format: INDEX_FORMAT, entries: [], notices: [] };

/** The entry of a verified `expert.json`. */
export function entryOf({ manifest, signatures }: ExpertDocument, channels: readonly string[]): IndexEntry {
  const { evaluation, lineage, tensors, files } = manifest;
  const own = evaluation.measurements.find(({ role }) => role === 'own') ?? null;
  const general = evaluation.measurements
    .filter(({ role }) => role === 'general')
    .sort((a, b) => a.gainNanoNats - b.gainNanoNats);
  return {
    id: packageIdOf(manifest),
    name: manifest.name,
    version: manifest.version,
    description: manifest.description,
    domain: manifest.domain,
    base: manifest.base.hash,
    architecture: manifest.base.architecture.kind,
    experts: Object.values(manifest.experts).reduce((sum, numbers) => sum + numbers.length, 0),
    parameters: tensors.reduce((sum, { bytes }) => sum + bytes / 4, 0),
    sizeBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    licence: manifest.licence,
    pricePerMillionTokens: manifest.pricePerMillionTokens,
    gain: own === null ? null : gainOf(own),
    worstGeneral: general[0] === undefined ? null : gainOf(general[0]),
    run: lineage.run,
    mergedRounds: lineage.mergedRounds,
    miners: lineage.miners.length,
    publisher: manifest.publisher,
    signers: signatures.map(({ hotkey }) => hotkey),
    channels: [...channels].sort(),
  };
}

function gainOf({ domain, gainNanoNats, lowerNanoNats, upperNanoNats }: Measurement): z.infer<typeof gain> {
  return { domain, meanNanoNats: gainNanoNats, lowerNanoNats, upperNanoNats };
}

/** An index with an entry added; of the same package in several channels, one entry names all. */
export function withEntry(index: PackageIndex, entry: IndexEntry): PackageIndex {
  const known = index.entries.find(({ id }) => id === entry.id);
  const channels = [...new Set([...(known?.channels ?? []), ...entry.channels])].sort();
  const entries = [...index.entries.filter(({ id }) => id !== entry.id), { ...entry, channels }];
  return { ...index, entries: entries.sort(byNameThenVersion) };
}

function byNameThenVersion(a: IndexEntry, b: IndexEntry): number {
  const left = `${a.name} ${a.version} ${a.id}`;
  const right = `${b.name} ${b.version} ${b.id}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

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
  if (entry === undefined) throw refuseNotice(signed, 'the index has no such package');
  return withKnownNotice(index, signed, verify);
}

/** Of a package that is not listed now, whoever signed a notice may have been its publisher: an entry decides when it comes. */
function withKnownNotice(index: PackageIndex, signed: SignedNotice, verify: Verify): PackageIndex {
  const { notice } = signed;
  requireNotice(signed, verify);
  const refuse = (why: string) => refuseNotice(signed, why);
  const entry = index.entries.find(({ id }) => id === notice.package);
  if (entry !== undefined && (entry.name !== notice.name || entry.version !== notice.version))
    throw refuse('it names another package');
  if (entry !== undefined && entry.publisher !== notice.publisher)
    throw refuse(`only its publisher ${entry.publisher} may say this`);
  const last = latestNotice(index, { id: notice.package, publisher: notice.publisher });
  if (last !== null && last.notice.sequence >= notice.sequence) throw refuse('a later one is there already');
  if (last?.notice.kind === 'revoke') throw refuse('the version is revoked, which is never taken back');
  return { ...index, notices: [...index.notices, signed] };
}

function refuseNotice({ notice }: SignedNotice, why: string) {
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
  const own = index.notices.filter(
    ({ notice }) => notice.package === entry.id && notice.publisher === entry.publisher,
  );
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
  const named = index.entries.filter((entry) => entry.name === name);
  const own = publishers === undefined ? named : named.filter(({ publisher }) => publishers.has(publisher));
  const owners = [...new Set((own.length > 0 ? own : named).map(({ publisher }) => publisher))];
  if (owners.length > (own.length > 0 ? 1 : 0)) {
    const message = `${name} is published by ${owners.join(' and by ')}; name the one you trust with --trust.`;
    throw marketError('publisher_not_trusted', message, { name });
  }
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

function revokedError(index: PackageIndex, entry: Noticed & Pick<IndexEntry, 'name' | 'version'>) {
  const { name, version } = entry;
  const { reason, replacement } = latestNotice(index, entry)!.notice;
  const instead = replacement === null ? 'There is no replacement.' : `Use ${replacement} instead.`;
  const message = `${name} ${version} was revoked by its publisher: ${reason} ${instead}`;
  return marketError('package_revoked', message, { name, version });
}

export type Search = {
  /** Words that must all be found in name, domain or description. */
  readonly text?: string;
  readonly domain?: string;
  readonly base?: string;
  readonly licences?: readonly string[];
  readonly maxPricePerMillionTokens?: number;
  /** Lower bound of the gain on its own domain. */
  readonly minGainNanoNats?: number;
  /** Only what may be used without a second thought. Default true. */
  readonly activeOnly?: boolean;
};

/** Entries that fit, the largest lower bound of the gain first: what a buyer can count on. */
export function searchIndex(index: PackageIndex, search: Search): IndexEntry[] {
  const words = (search.text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return index.entries
    .filter((entry) => {
      const text = `${entry.name} ${entry.domain} ${entry.description}`.toLowerCase();
      return (
        words.every((word) => text.includes(word)) &&
        (search.domain === undefined || entry.domain === search.domain) &&
        (search.base === undefined || entry.base === search.base) &&
        (search.licences === undefined ||
          entry.licence.split(' AND ').every((id) => search.licences!.includes(id))) &&
        entry.pricePerMillionTokens <= (search.maxPricePerMillionTokens ?? Number.MAX_SAFE_INTEGER) &&
        (search.minGainNanoNats === undefined ||
          (entry.gain?.lowerNanoNats ?? 0) >= search.minGainNanoNats) &&
        (search.activeOnly === false || statusOf(index, entry) === 'active')
      );
    })
    .sort((a, b) => (b.gain?.lowerNanoNats ?? 0) - (a.gain?.lowerNanoNats ?? 0) || byNameThenVersion(a, b));
}

export function encodeIndex(index: PackageIndex): Uint8Array {
  return encodeCanonical(index as CanonicalValue);
}

/** Reads an index and checks every notice in it. Fails with `document_refused`. */
export function decodeIndex(bytes: Uint8Array, verify: Verify = verifySr25519): PackageIndex {
  const refuse = (why: string, cause?: unknown) =>
    marketError('document_refused', `The package index is refused: ${why}.`, {}, cause);
  let value: unknown;
  try {
    value = decodeCanonical(bytes, { maxBytes: MAX_INDEX_BYTES });
  } catch (cause) {
    throw refuse('it is not canonical JSON', cause);
  }
  const parsed = indexSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`${issue?.path.join('.') || 'it'}: ${issue?.message}`);
  }
  // Added one by one, each notice passes the same checks as on the day it was made.
  let checked: PackageIndex = { ...parsed.data, notices: [] };
  for (const signed of parsed.data.notices) checked = withKnownNotice(checked, signed, verify);
  return checked;
}
