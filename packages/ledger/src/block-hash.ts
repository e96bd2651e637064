import { type CanonicalValue, encodeCanonical, taggedHashHex, toHex } from '@connito/protocol';

/** What a block's hash covers. The entropy is drawn at sealing, so that no hash can be known before. */
export type BlockHeader = {
  readonly number: number;
  readonly parentHash: string;
  readonly timestampMs: number;
  /** 32 bytes. */
  readonly entropy: Uint8Array;
  /** Hash of everything the block includes. */
  readonly contentHash: string;
};

export function blockHashOf({ entropy, ...header }: BlockHeader): string {
  return taggedHashHex('connito/1/block', encodeCanonical({ ...header, entropy: toHex(entropy) }));
}

/** Everything a block includes, in ledger order: registrations, endpoints, notes, weights, and an epoch's payouts. */
export function contentHashOf(content: CanonicalValue): string {
  return taggedHashHex('connito/1/block-content', encodeCanonical(content));
}
