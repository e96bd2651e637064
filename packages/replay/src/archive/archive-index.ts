import {
  artifactHashSchema,
  decodeCanonical,
  encodeCanonical,
  roundSchema,
  runIdSchema,
  taggedHashHex,
} from '@connito/protocol';
import { z } from 'zod';
import { malformed } from './ustar.ts';

export const INDEX_NAME = 'archive.json';
export const LEDGER_NAME = 'ledger.json';
export const DEFINITION_NAME = 'run.json';
const ARTIFACT_NAME = /^artifacts\/([0-9a-f]{64})$/;
const MAX_INDEX_BYTES = 4096;

const indexSchema = z.strictObject({
  format: z.literal('connito/1/archive'),
  run: runIdSchema,
  firstRound: roundSchema,
  lastRound: roundSchema,
  /** sha256 of the ledger extract. */
  ledger: artifactHashSchema,
});
/** What an archive says it holds. */
export type ArchiveIndex = z.infer<typeof indexSchema>;

const sealedSchema = indexSchema.extend({ checksum: z.string().regex(/^[0-9a-f]{64}$/) });

/** Every name an archive may have: three of its own, and artifacts under their hashes. No name can leave a folder. */
export function isArchiveName(name: string): boolean {
  return [INDEX_NAME, LEDGER_NAME, DEFINITION_NAME].includes(name) || ARTIFACT_NAME.test(name);
}

export function artifactName(hash: string): string {
  return `artifacts/${hash}`;
}

/** The hash an entry is named by, or null where it is none of the artifacts. */
export function hashOfName(name: string): string | null {
  return ARTIFACT_NAME.exec(name)?.[1] ?? null;
}

export function encodeIndex(index: ArchiveIndex): Uint8Array {
  return encodeCanonical({ ...index, checksum: checksumOf(index) });
}

/** Fails with `archive_malformed`. The checksum tells damage from intent: it covers which rounds the archive is about. */
export function decodeIndex(bytes: Uint8Array): ArchiveIndex {
  const parsed = sealedSchema.safeParse(decodeOrNull(bytes));
  if (!parsed.success) throw malformed(`its index is not one (${parsed.error.issues[0]?.message})`);
  const { checksum, ...index } = parsed.data;
  if (checksum !== checksumOf(index)) throw malformed('its index is damaged');
  if (index.lastRound < index.firstRound) throw malformed('its rounds end before they begin');
  return index;
}

function decodeOrNull(bytes: Uint8Array): unknown {
  try {
    return decodeCanonical(bytes, { maxBytes: MAX_INDEX_BYTES });
  } catch {
    return null;
  }
}

function checksumOf(index: ArchiveIndex): string {
  return taggedHashHex('connito/1/archive', encodeCanonical(index));
}
