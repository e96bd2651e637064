import { ledgerError } from './errors.ts';
import { type ChainWeight, MAX_NOTE_BYTES } from './ledger.ts';
import type { LedgerLimits } from './limits.ts';

/** Longest endpoint accepted: a host name has at most 253 characters. */
export const MAX_ENDPOINT_LENGTH = 300;
const MAX_U16 = 65_535;

export function checkNoteSize(data: Uint8Array): void {
  if (data.length >= 1 && data.length <= MAX_NOTE_BYTES) return;
  throw ledgerError(
    'invalid_note_size',
    `A note has 1 to ${MAX_NOTE_BYTES} bytes, this one ${data.length}.`,
    {
      bytes: data.length,
      maxBytes: MAX_NOTE_BYTES,
    },
  );
}

export type NoteUse = {
  readonly notesInBlock: number;
  readonly chargedInEpoch: number;
  readonly noteBytes: number;
  /** The first block in which the epoch's allowance is full again. */
  readonly nextEpochBlock: number;
};

/** Fails with `note_limit`, saying from which block on the note would be accepted. */
export function checkAllowance(limits: LedgerLimits, use: NoteUse): void {
  if (use.notesInBlock >= limits.notesPerBlock) {
    throw ledgerError(
      'note_limit',
      `A hotkey may write ${limits.notesPerBlock} notes in a block. Wait for the next block.`,
      {
        notes: use.notesInBlock,
        limit: limits.notesPerBlock,
      },
    );
  }
  if (limits.noteBytesPerEpoch === null) return;
  const charge = Math.max(use.noteBytes, limits.minNoteChargeBytes);
  if (use.chargedInEpoch + charge <= limits.noteBytesPerEpoch) return;
  throw ledgerError(
    'note_limit',
    `This hotkey has used ${use.chargedInEpoch} of ${limits.noteBytesPerEpoch} bytes of notes in this epoch, and a note is charged at least ${limits.minNoteChargeBytes}. Wait until block ${use.nextEpochBlock} is open.`,
    { chargedBytes: use.chargedInEpoch, limitBytes: limits.noteBytesPerEpoch, nextBlock: use.nextEpochBlock },
  );
}

/** Fails with the given code when the last call was fewer than `intervalBlocks` ago. */
export function checkInterval(
  code: 'announce_limit' | 'weights_limit',
  lastBlock: number | null,
  openBlock: number,
  intervalBlocks: number,
): void {
  if (lastBlock === null || openBlock - lastBlock >= intervalBlocks) return;
  const nextBlock = lastBlock + intervalBlocks;
  throw ledgerError(
    code,
    `The last call was at block ${lastBlock}, and ${intervalBlocks} blocks must lie between two. Wait until block ${nextBlock} is open.`,
    { lastBlock, nextBlock },
  );
}

/** Chain weights must be u16, for registered uids, each named once. Fails with `invalid_weights`. */
export function checkWeights(weights: readonly ChainWeight[], neurons: number): void {
  const seen = new Set<number>();
  for (const { uid, weight } of weights) {
    const problem =
      !Number.isInteger(uid) || uid < 0 || uid >= neurons
        ? 'is not registered'
        : seen.has(uid)
          ? 'occurs twice'
          : !Number.isInteger(weight) || weight < 0 || weight > MAX_U16
            ? `has a weight outside 0..${MAX_U16}`
            : null;
    if (problem !== null) throw ledgerError('invalid_weights', `Uid ${uid} ${problem}.`, { uid, weight });
    seen.add(uid);
  }
}

/** A base URL in normal form without credentials, query or fragment. Fails with `invalid_endpoint`. */
export function checkEndpoint(endpoint: string): string {
  const url = endpoint.length <= MAX_ENDPOINT_LENGTH ? URL.parse(endpoint) : null;
  const plain =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    `${url.username}${url.password}${url.search}${url.hash}` === '';
  if (plain) return url.href.replace(/\/$/, '');
  throw ledgerError(
    'invalid_endpoint',
    `An endpoint is an http or https URL of at most ${MAX_ENDPOINT_LENGTH} characters, without credentials, query or fragment.`,
    { length: endpoint.length },
  );
}
