import { hotkeySchema, nameSchema, nanoNatsSchema } from '@connito/protocol';
import { z } from 'zod';
import {
  type ExpertDocument,
  type Measurement,
  packageIdOf,
  packageIdSchema,
} from '../package/expert-manifest.ts';
import { packageNameSchema, packageVersionSchema } from '../package/package-name.ts';
import { signedNoticeSchema } from './notice.ts';

const INDEX_FORMAT = 'connito/1/package-index';
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

export const indexSchema = z.strictObject({
  format: z.literal(INDEX_FORMAT),
  /** By name, then version as text. */
  entries: z.array(entrySchema).max(MAX_ENTRIES),
  notices: z.array(signedNoticeSchema).max(MAX_ENTRIES),
});

/** One version of one package, as a buyer compares it. Everything follows from its manifest. */
export type IndexEntry = z.infer<typeof entrySchema>;
/** What is on offer, and what publishers said of it since. Anybody can make one from channels and compare. */
export type PackageIndex = z.infer<typeof indexSchema>;

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

export function byNameThenVersion(a: IndexEntry, b: IndexEntry): number {
  const left = `${a.name} ${a.version} ${a.id}`;
  const right = `${b.name} ${b.version} ${b.id}`;
  return left < right ? -1 : left > right ? 1 : 0;
}
