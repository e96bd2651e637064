import {
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
  type Hotkey,
  hotkeySchema,
  isSignedBy,
  type Sign,
  signatureSchema,
  signDocument,
  taggedHashHex,
  type Verify,
} from '@connito/protocol';
import { z } from 'zod';
import { marketError } from '../errors.ts';
import type { PackageId } from '../package/expert-manifest.ts';

const RECEIPT_TAG = 'connito/1/receipt';
/** 512 packages of about 80 bytes each, and the rest. */
export const MAX_RECEIPT_BYTES = 64 << 10;
const MAX_EXPERTS = 512;
/** What the first receipt of a log names as the one before. */
export const NO_RECEIPT = '0'.repeat(64);

const count = z.int().min(0);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const usageSchema = z
  .strictObject({
    requestId: z.string().regex(/^[\w.:-]{1,128}$/, 'at most 128 letters, digits and . : _ -'),
    /** The model's id as the client asked for it. */
    model: z.string().min(1).max(256),
    promptTokens: count,
    completionTokens: count,
    /** Tokens that each package's experts took part in, by package id; `base` for the base model's own. */
    experts: z.record(z.string().regex(/^(?:base|[0-9a-f]{64})$/), count),
    issuedAtMs: count,
  })
  .refine(({ experts }) => Object.keys(experts).length <= MAX_EXPERTS, `at most ${MAX_EXPERTS} packages`)
  .refine(
    ({ experts, promptTokens, completionTokens }) =>
      Object.values(experts).every((tokens) => tokens <= promptTokens + completionTokens),
    'no expert answers more tokens than there were',
  );

/** One answered request: how many tokens, and whose experts took part in how many of them. */
export type Usage = {
  readonly requestId: string;
  readonly model: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** A token counts once for every package of which at least one expert was chosen in any layer. */
  readonly experts: Readonly<Record<PackageId | 'base', number>>;
  readonly issuedAtMs: number;
};

const receiptSchema = z.strictObject({
  receipt: z.strictObject({
    /** From 0, without gaps. */
    sequence: count,
    /** `receiptHashOf` the one before, so that none can be left out or changed later. */
    previous: digest,
    server: hotkeySchema,
    usage: usageSchema,
  }),
  signature: signatureSchema,
});

/** A usage signed by the server that answered, in its place in that server's chain. */
export type SignedReceipt = z.infer<typeof receiptSchema>;
export type Receipt = SignedReceipt['receipt'];

/** The usage, checked. Fails with `document_refused`. */
export function parseUsage(usage: unknown): Receipt['usage'] {
  const parsed = usageSchema.safeParse(usage);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`a usage is malformed at ${issue?.path.join('.') || 'its top'}: ${issue?.message}`);
}

export async function signReceipt(receipt: Receipt, sign: Sign): Promise<SignedReceipt> {
  return { receipt, signature: await signDocument(RECEIPT_TAG, receipt as CanonicalValue, sign) };
}

/** Names a receipt together with its signature: chained, it fixes every byte before it. */
export function receiptHashOf(signed: SignedReceipt): string {
  return taggedHashHex(RECEIPT_TAG, encodeReceipt(signed));
}

export function encodeReceipt(signed: SignedReceipt): Uint8Array {
  return encodeCanonical(signed as CanonicalValue);
}

/** Reads a receipt's canonical bytes, and not yet its signature. Fails with `document_refused`. */
export function decodeReceipt(bytes: Uint8Array): SignedReceipt {
  let value: unknown;
  try {
    value = decodeCanonical(bytes, { maxBytes: MAX_RECEIPT_BYTES });
  } catch (cause) {
    throw refuse('it is not canonical JSON', cause);
  }
  const parsed = receiptSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`${issue?.path.join('.') || 'it'}: ${issue?.message}`);
}

export function isReceiptSigned({ receipt, signature }: SignedReceipt, verify: Verify): boolean {
  return isSignedBy(receipt.server, RECEIPT_TAG, receipt as CanonicalValue, signature, verify);
}

/** Where a chain stands: how many receipts it has, and the hash of the last one. */
export type ChainHead = { readonly length: number; readonly hash: string };

export const EMPTY_CHAIN: ChainHead = { length: 0, hash: NO_RECEIPT };

/** The head after one more receipt. Fails with `receipts_corrupt` where it does not follow, or is another server's. */
export function nextHead(head: ChainHead, signed: SignedReceipt, server: Hotkey): ChainHead {
  const { receipt } = signed;
  const follows = receipt.sequence === head.length && receipt.previous === head.hash;
  if (follows && receipt.server === server) return { length: head.length + 1, hash: receiptHashOf(signed) };
  const why = receipt.server === server ? 'does not follow the one before it' : `is one of ${receipt.server}`;
  const message = `Receipt ${receipt.sequence}, where number ${head.length} of ${server} belongs, ${why}: the log was changed or receipts are missing.`;
  throw marketError('receipts_corrupt', message, { sequence: receipt.sequence });
}

/**
 * Checks a server's receipts from the first on: each follows the one before, and the last is signed, which vouches for all.
 * Fails with `receipts_corrupt`.
 */
export function verifyReceipts(
  receipts: readonly SignedReceipt[],
  server: Hotkey,
  verify: Verify,
): ChainHead {
  let head = EMPTY_CHAIN;
  for (const signed of receipts) head = nextHead(head, signed, server);
  const last = receipts.at(-1);
  if (last === undefined || isReceiptSigned(last, verify)) return head;
  const message = `Receipt ${last.receipt.sequence} is not signed by ${server}.`;
  throw marketError('receipts_corrupt', message, { sequence: last.receipt.sequence });
}

function refuse(why: string, cause?: unknown) {
  return marketError('document_refused', `A receipt is refused: ${why}.`, {}, cause);
}
