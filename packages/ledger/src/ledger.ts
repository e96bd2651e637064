import type { Hotkey, Uid } from '@connito/protocol';

/** A sealed block. `hash` is 64 hex digits and cannot be known before the block is sealed. */
export type Block = {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestampMs: number;
};

/** A registered participant as the ledger sees it at one block. Stake is in the ledger's smallest unit. */
export type Neuron = {
  readonly uid: Uid;
  readonly hotkey: Hotkey;
  readonly stake: bigint;
  readonly validatorPermit: boolean;
  /** Base URL of the neuron's HTTP server, or null if it has announced none. */
  readonly endpoint: string | null;
  readonly registeredAtBlock: number;
};

/** One note of at most 128 bytes, in the order the ledger included it: by `block`, then by `index`. */
export type LedgerNote = {
  readonly hotkey: Hotkey;
  readonly block: number;
  readonly index: number;
  readonly data: Uint8Array;
};

export type ChainWeight = { readonly uid: Uid /** 0..65535 */; readonly weight: number };

/** What the last epoch at or before a block paid. All shares are parts per billion and sum to at most 10^9. */
export type NeuronPayout = {
  readonly uid: Uid;
  readonly incentive: number;
  readonly dividends: number;
  /** Parts per billion of the epoch's whole emission. */
  readonly emission: number;
};

/** The most bytes one note may carry: the size of Bittensor's largest plain commitment field. */
export const MAX_NOTE_BYTES = 128;

/**
 * The one ordered record everybody shares. Reads name a block and see sealed blocks only; writes are signed by the
 * hotkey the client was made with and land in the open block (`head + 1`) at the earliest.
 *
 * Every adapter passes `ledger-contract.ts`.
 */
export interface Ledger {
  /** The newest sealed block. */
  head(signal?: AbortSignal): Promise<Block>;
  /** A sealed block. Fails with `unknown_block` where the number is not sealed or no longer kept. */
  block(number: number, signal?: AbortSignal): Promise<Block>;
  /** Resolves with the head as soon as its number is at least `number`. */
  waitForBlock(number: number, signal: AbortSignal): Promise<Block>;
  /** Registers the client's hotkey; resolves with its uid, also when it was registered before. */
  register(signal?: AbortSignal): Promise<Uid>;
  /** All neurons as of a sealed block, by uid. */
  neurons(atBlock: number, signal?: AbortSignal): Promise<readonly Neuron[]>;
  /** Writes a note; resolves when it is durable, with the block that will hold it. */
  commit(data: Uint8Array, signal?: AbortSignal): Promise<number>;
  /** Notes of sealed blocks `fromBlock..toBlock`, both included, in ledger order. */
  notes(fromBlock: number, toBlock: number, signal?: AbortSignal): Promise<readonly LedgerNote[]>;
  /** Announces the base URL under which this neuron's HTTP server is reached. */
  announce(endpoint: string, signal?: AbortSignal): Promise<void>;
  /** Posts chain weights; the last ones before an epoch's end count. Needs a validator permit. */
  setWeights(weights: readonly ChainWeight[], signal?: AbortSignal): Promise<void>;
  /** Payouts of the last epoch that ended at or before a block. */
  payouts(atBlock: number, signal?: AbortSignal): Promise<readonly NeuronPayout[]>;
  /**
   * Says that this neuron has nothing more to submit into the open block `number`. Ledgers with a clock of their own
   * ignore it; the embedded ledger seals the block when all live neurons are ready.
   */
  ready(number: number, signal?: AbortSignal): Promise<void>;
}
