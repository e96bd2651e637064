import { type Hotkey, isHotkey } from '@connito/protocol';
import { z } from 'zod';
import { ledgerError } from './errors.ts';
import { LIMITS, type LimitsProfile } from './limits.ts';

const hotkeySchema = z
  .string()
  .refine((text) => isHotkey(text), 'an ss58 address with prefix 42')
  .transform((text) => text as Hotkey);

/** Fractions are kept as parts per million, because genesis is hashed. */
const fractionSchema = z.int().min(0).max(1_000_000);

const genesisSchema = z.strictObject({
  networkName: z.string().regex(/^[a-z0-9-]{1,64}$/),
  netuid: z.int().min(0).max(65_535),
  /** Stake by hotkey; who is not listed has none. Fixed for the ledger's life. */
  stakes: z
    .array(z.strictObject({ hotkey: hotkeySchema, stake: z.string().regex(/^\d{1,24}$/) }))
    .max(65_536)
    .default([]),
  /** What hotkeys have before the first payment; nothing is ever made or lost afterwards. */
  balances: z
    .array(z.strictObject({ hotkey: hotkeySchema, amount: z.int().min(0) }))
    .max(65_536)
    .exactOptional(),
  maxUids: z.int().min(1).max(256).default(256),
  /** The most neurons with a validator permit: those with the most stake. */
  maxValidators: z.int().min(1).max(256).default(64),
  /** Stake below which nobody gets a permit. */
  minValidatorStake: z
    .string()
    .regex(/^\d{1,24}$/)
    .default('1'),
  /** An epoch ends with block b when (b + 1 − epochOffsetBlocks) is a positive multiple of tempoBlocks. */
  tempoBlocks: z.int().min(1).max(65_535).default(360),
  epochOffsetBlocks: z.int().min(0).max(65_535).default(0),
  /** A validator whose weights are older has no say in an epoch. */
  activityCutoffBlocks: z.int().min(1).default(5_000),
  limits: z.enum(Object.keys(LIMITS) as [LimitsProfile, ...LimitsProfile[]]).default('local'),
  yuma: z
    .strictObject({
      kappaPpm: fractionSchema.default(500_000),
      bondsAlphaPpm: fractionSchema.default(100_000),
      minerSharePpm: fractionSchema.default(500_000),
    })
    .prefault({}),
});

/** Everything that makes one embedded ledger what it is, fixed when its file is created. */
export type Genesis = z.infer<typeof genesisSchema>;
/** `Genesis` as written in a configuration, where what has a default may be left out. */
export type GenesisInput = z.input<typeof genesisSchema>;

/** Fails with `invalid_genesis`, naming what is wrong. */
export function parseGenesis(input: GenesisInput): Genesis {
  const parsed = genesisSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ');
    throw ledgerError('invalid_genesis', `The ledger's genesis is invalid: ${problems}.`);
  }
  const hotkeys = new Set(parsed.data.stakes.map(({ hotkey }) => hotkey));
  if (hotkeys.size !== parsed.data.stakes.length) {
    throw ledgerError('invalid_genesis', 'The genesis states the stake of a hotkey twice.');
  }
  const { balances = [] } = parsed.data;
  if (new Set(balances.map(({ hotkey }) => hotkey)).size !== balances.length) {
    throw ledgerError('invalid_genesis', 'The genesis states the balance of a hotkey twice.');
  }
  if (!Number.isSafeInteger(balances.reduce((sum, { amount }) => sum + amount, 0))) {
    throw ledgerError('invalid_genesis', 'All balances together must stay below 2^53.');
  }
  return parsed.data;
}

/** The epoch an open or sealed block belongs to; -1 before the first. */
export function epochOf(block: number, { tempoBlocks, epochOffsetBlocks }: Genesis): number {
  return Math.floor((block - epochOffsetBlocks) / tempoBlocks);
}

/** Whether a block is the last of its epoch. */
export function endsEpoch(block: number, genesis: Genesis): boolean {
  return (
    epochOf(block + 1, genesis) > Math.max(-1, epochOf(block, genesis)) && block >= genesis.epochOffsetBlocks
  );
}
