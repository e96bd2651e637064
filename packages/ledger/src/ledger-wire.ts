import { fromHex, type Hotkey, isHotkey, toHex, type Uid } from '@connito/protocol';
import { z } from 'zod';
import { type Block, type LedgerNote, MAX_NOTE_BYTES, type Neuron, type NeuronPayout } from './ledger.ts';
import { MAX_TRANSFERS } from './payments.ts';

// How the ledger's values travel as JSON: bytes as hex, stake as a decimal string. Each schema is used by the client
// to parse; the server's half are the `…Json` functions, typed by the schemas' inputs.

/** What requests to a ledger are signed for. */
export const LEDGER_AUDIENCE = 'ledger';
/** Longest a server holds a request that waits for a block. */
export const MAX_WAIT_MS = 20_000;
/** Notes in one answer: about 200 kB of JSON. */
export const NOTES_PER_PAGE = 500;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const hotkey = z
  .string()
  .refine((text) => isHotkey(text))
  .transform((text) => text as Hotkey);
const uid = z
  .int()
  .min(0)
  .max(65_535)
  .transform((value) => value as Uid);
const blockNumber = z.int().min(0);
const share = z.int().min(0).max(1_000_000_000);
const hex = z.string().regex(/^([0-9a-f]{2})*$/);

export const blockSchema = z.object({
  number: blockNumber,
  hash,
  parentHash: hash,
  timestampMs: z.int().min(0),
});

const neuronSchema = z.object({
  uid,
  hotkey,
  stake: z
    .string()
    .regex(/^\d{1,40}$/)
    .transform(BigInt),
  validatorPermit: z.boolean(),
  endpoint: z.string().max(2_000).nullable(),
  registeredAtBlock: blockNumber,
});
export const neuronsSchema = z.object({ neurons: z.array(neuronSchema).max(65_536) });

const noteSchema = z.object({
  hotkey,
  block: blockNumber,
  index: z.int().min(0),
  data: hex.max(2 * MAX_NOTE_BYTES).transform((text) => fromHex(text)),
});
export const notesSchema = z.object({
  notes: z.array(noteSchema).max(65_536),
  /** Whether notes after the last one here were left out. */
  more: z.boolean(),
});

export const payoutsSchema = z.object({
  payouts: z.array(z.object({ uid, incentive: share, dividends: share, emission: share })).max(65_536),
});
const transferSchema = z.strictObject({ to: hotkey, amount: z.int().min(0) });
export const paymentsSchema = z.object({
  payments: z
    .array(
      z.object({
        payer: hotkey,
        reference: hash,
        transfers: z.array(transferSchema).max(MAX_TRANSFERS),
        block: blockNumber,
      }),
    )
    .max(65_536),
});
export const balanceSchema = z.object({ balance: z.int().min(0) });
export const payRequestSchema = z.strictObject({
  reference: hash,
  transfers: z.array(transferSchema).max(MAX_TRANSFERS),
});
/** A hotkey in a query. */
export const hotkeyParameter = hotkey;
export const registeredSchema = z.object({ uid });
export const committedSchema = z.object({ block: blockNumber });

export const commitRequestSchema = z.strictObject({
  /** Of any size the body's bound allows: the ledger itself says what is too long. */
  data: hex,
  /** Chosen by the client: a repeated request with the same one writes nothing more. */
  requestId: z.string().regex(/^[0-9a-f]{32}$/),
});
export const announceRequestSchema = z.strictObject({ endpoint: z.string() });
export const weightsRequestSchema = z.strictObject({
  weights: z.array(z.strictObject({ uid, weight: z.int().min(0).max(65_535) })).max(256),
});
export const readyRequestSchema = z.strictObject({ number: blockNumber });

/** Numbers in paths and queries: plain decimal digits. */
export const numberParameter = z
  .string()
  .regex(/^\d{1,15}$/, 'a block number')
  .transform(Number);

export function neuronsJson(neurons: readonly Neuron[]): z.input<typeof neuronsSchema> {
  return { neurons: neurons.map((neuron) => ({ ...neuron, stake: neuron.stake.toString() })) };
}

export function notesJson(notes: readonly LedgerNote[], more: boolean): z.input<typeof notesSchema> {
  return { notes: notes.map((note) => ({ ...note, data: toHex(note.data) })), more };
}

export function payoutsJson(payouts: readonly NeuronPayout[]): z.input<typeof payoutsSchema> {
  return { payouts: [...payouts] };
}

export function blockJson(block: Block): z.input<typeof blockSchema> {
  return block;
}
