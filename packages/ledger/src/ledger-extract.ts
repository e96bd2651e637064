import {
  type CanonicalValue,
  decodeCanonical,
  differingFields,
  encodeCanonical,
  type Hotkey,
  hotkeySchema,
  MAX_UIDS,
  type Uid,
  uidSchema,
} from '@connito/protocol';
import { z } from 'zod';
import { ledgerError } from './errors.ts';
import { type Genesis, type GenesisInput, parseGenesis } from './genesis.ts';
import { MAX_NOTE_BYTES } from './ledger.ts';
import { MAX_TRANSFERS } from './payments.ts';
import { MAX_ENDPOINT_LENGTH } from './submission-rules.ts';

/** A block of a busy ledger takes some kilobytes, so this is enough for about a hundred thousand. */
export const MAX_EXTRACT_BYTES = 512 << 20;
const MAX_BLOCKS = 1 << 20;
const MAX_NOTES_IN_BLOCK = 65_536;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const share = z.int().min(0).max(1_000_000_000);
const uid = uidSchema as z.ZodType<Uid, number>;
const hotkey = hotkeySchema as z.ZodType<Hotkey, string>;

const sealFields = {
  /** What the ledger says the block's hash is. */
  hash: digest,
  timestampMs: z.int().min(0),
  /** 32 bytes drawn at sealing. */
  entropy: digest,
} as const;

/** What a block includes, as its content hash covers it. Uids and places ascend. */
export const blockContentSchema = z.strictObject({
  registrations: z.array(z.strictObject({ uid, hotkey })).max(MAX_UIDS),
  endpoints: z.array(z.strictObject({ uid, endpoint: z.string().max(MAX_ENDPOINT_LENGTH) })).max(MAX_UIDS),
  notes: z
    .array(
      z.strictObject({
        hotkey,
        index: z.int().min(0),
        data: z
          .string()
          .regex(/^([0-9a-f]{2})+$/)
          .max(2 * MAX_NOTE_BYTES),
      }),
    )
    .max(MAX_NOTES_IN_BLOCK),
  weights: z
    .array(
      z.strictObject({
        uid,
        weights: z.array(z.strictObject({ uid, weight: z.int().min(0).max(65_535) })).max(MAX_UIDS),
      }),
    )
    .max(MAX_UIDS),
  payouts: z
    .array(z.strictObject({ uid, incentive: share, dividends: share, emission: share }))
    .max(MAX_UIDS),
  /** Absent where nobody paid, so that blocks of ledgers without money keep their hashes. */
  payments: z
    .array(
      z.strictObject({
        payer: hotkey,
        reference: digest,
        transfers: z.array(z.strictObject({ to: hotkey, amount: z.int().min(1) })).max(MAX_TRANSFERS),
      }),
    )
    .max(MAX_NOTES_IN_BLOCK)
    .exactOptional(),
});
export type BlockContent = z.infer<typeof blockContentSchema>;

export const sealedContentSchema = z.strictObject({ ...sealFields, content: blockContentSchema });
/** A sealed block with all that its hash covers but its place, which follows from where it stands. */
export type SealedContent = z.infer<typeof sealedContentSchema>;

export const sealedGenesisSchema = z.strictObject({ ...sealFields, content: z.record(z.string(), z.json()) });
/** Block 0, which includes nothing but the genesis. */
export type SealedGenesis = Omit<z.infer<typeof sealedGenesisSchema>, 'content'> & {
  readonly content: Genesis;
};

const extractSchema = z.strictObject({
  format: z.literal('connito/1/ledger-extract'),
  genesis: sealedGenesisSchema,
  /** Blocks 1, 2 and so on, without a gap. */
  blocks: z.array(sealedContentSchema).max(MAX_BLOCKS),
});

/** An embedded ledger's blocks from the first on, with everything needed to recompute every hash and payout. */
export type LedgerExtract = {
  readonly format: 'connito/1/ledger-extract';
  readonly genesis: SealedGenesis;
  readonly blocks: readonly SealedContent[];
};

export function encodeLedgerExtract(extract: LedgerExtract): Uint8Array {
  return encodeCanonical(extract as unknown as CanonicalValue);
}

/** Fails with `not_canonical_bytes`, `invalid_genesis` or `extract_malformed`. */
export function decodeLedgerExtract(bytes: Uint8Array): LedgerExtract {
  const value = decodeCanonical(bytes, { maxBytes: MAX_EXTRACT_BYTES });
  const parsed = extractSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') || 'it';
    throw ledgerError('extract_malformed', `This is no ledger extract: ${where}: ${issue?.message}.`, {
      where,
    });
  }
  return { ...parsed.data, genesis: parseSealedGenesis(parsed.data.genesis) };
}

/** Fails with `invalid_genesis` or `extract_malformed`. */
export function parseSealedGenesis(sealed: z.infer<typeof sealedGenesisSchema>): SealedGenesis {
  const content = parseGenesis(sealed.content as GenesisInput);
  // Defaults filled in here would not be what the block's hash covers.
  if (differingFields(sealed.content, content).length > 0) {
    throw ledgerError('extract_malformed', 'The genesis of this ledger extract lacks fields.');
  }
  return { ...sealed, content };
}
