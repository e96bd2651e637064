import { REASON_CODES, type Reason } from '@connito/protocol';
import { z } from 'zod';

const count = z.int().nonnegative();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const nanoNats = z.int();
export const reasonSchema = z.enum(REASON_CODES as [Reason, ...Reason[]]);

/** Where the ledger holds a note: enough to look it up with any ledger client. */
export const placeSchema = z
  .object({ block: count, index: count })
  .describe('A note on the ledger: its block, and its place among the notes of that block.');

const windowSchema = z.object({
  name: z.string(),
  firstBlock: count,
  lastBlock: count,
  startedAtMs: z.number().describe('When the block before the window was sealed, Unix milliseconds.'),
  endedAtMs: z.number().describe("When the window's last block was sealed, Unix milliseconds."),
});

const outcomeSchema = z.object({
  validator: count.describe('Uid of the validator that reported this.'),
  kind: z.enum(['scored', 'futile', 'invalid', 'abstained']),
  reason: reasonSchema.nullable(),
  why: z.string().nullable().describe("The validator's own words. Text of a stranger."),
  sequences: count.nullable().describe('Domain sequences measured.'),
  meanNanoNats: nanoNats.nullable().describe('Mean loss reduction on the domain, nano-nats per token.'),
  lowerNanoNats: nanoNats.nullable(),
  upperNanoNats: nanoNats.nullable(),
  generalRiseNanoNats: nanoNats
    .nullable()
    .describe('Mean rise of the loss on general text over the base model.'),
  worstRiseNanoNats: nanoNats.nullable().describe('Rise of the general sequence the update hurt most.'),
  chargeNanoNats: nanoNats.nullable(),
  scoreNanoNats: nanoNats.nullable(),
  copyOf: z.string().nullable().describe('Hotkey whose earlier work this validator found it to be.'),
});

export const minerStorySchema = z.object({
  uid: count,
  hotkey: z.string(),
  group: z.string(),
  domain: z.string(),
  scoreNanoNats: nanoNats
    .nullable()
    .describe('Agreed score, nano-nats per token; null where none was agreed.'),
  reason: reasonSchema
    .nullable()
    .describe('Why it is zero, or was not merged; null where it was paid and merged.'),
  detail: z.string().nullable(),
  lowerNanoNats: nanoNats.nullable(),
  upperNanoNats: nanoNats.nullable(),
  marginalNanoNats: nanoNats.nullable().describe('What the merged step would lose without this update.'),
  creditShare: z.number().describe("Part of the group's pay that score and contribution come to, 0 to 1."),
  mergeWeight: z.number().describe("Weight in the group's merge, 0 to 1."),
  incentive: z.number().describe("Parts per billion of all miners' incentive at the round's last block."),
  bytesSent: count,
  commit: placeSchema.extend({ commitment: hash }).nullable(),
  reveal: placeSchema.extend({ document: hash }).nullable(),
  outcomes: z.array(outcomeSchema),
});

const validatorStorySchema = z.object({
  uid: count,
  hotkey: z.string(),
  stake: z.string().describe("In the ledger's smallest unit, decimal."),
  dividends: z.number().describe("Parts per billion of all validators' dividends at the round's last block."),
  report: z.object({
    status: z.enum(['in_time', 'late', 'missing', 'not_counted']),
    place: placeSchema.nullable(),
    document: hash.nullable(),
    blocksUsed: count.nullable().describe('Blocks of the evaluation window until the report was included.'),
  }),
  attest: placeSchema.nullable(),
  vote: placeSchema.extend({ mergeReport: hash }).nullable(),
  state: placeSchema.extend({ state: hash, document: hash }).nullable(),
  agreement: z.object({
    judged: count.describe('Updates this validator judged.'),
    same: count.describe(
      'Of those, how many it paid where the agreed score pays, or refused where it does not.',
    ),
    meanDeviationNanoNats: z
      .number()
      .nullable()
      .describe('Mean distance of its scores from the agreed ones, over updates that either pays.'),
  }),
  sequencesMeasured: count.describe('Sequences whose loss its report holds.'),
});

const groupStorySchema = z.object({
  group: z.string(),
  domain: z.string(),
  mergedUpdates: count,
  scale: z.number().describe('Step scale voted for; 0 where the experts stand.'),
  votes: z.array(
    z.object({
      validator: count,
      scale: z.string().nullable().describe('Null: no step.'),
      measured: z.array(
        z.object({
          scale: z.string(),
          gainNanoNats: nanoNats.nullable(),
          gainLowerNanoNats: nanoNats.nullable(),
          generalRiseNanoNats: nanoNats.nullable(),
        }),
      ),
    }),
  ),
});

/** A finished round as ledger and store tell it, with where each figure stands. */
export const roundStorySchema = z.object({
  round: count,
  outcome: z.enum(['canonical', 'void']),
  state: hash.describe('State that holds after the round.'),
  parent: hash.describe('State the round started from.'),
  agreed: z.boolean(),
  firstBlock: count,
  lastBlock: count,
  seed: z
    .object({ block: count, hash })
    .describe('Evaluation seed: hash of the first block after the reveals.'),
  windows: z.array(windowSchema),
  groups: z.array(groupStorySchema),
  miners: z.array(minerStorySchema),
  validators: z.array(validatorStorySchema),
});

export type RoundStory = z.infer<typeof roundStorySchema>;
export type MinerStory = RoundStory['miners'][number];
export type ValidatorStory = RoundStory['validators'][number];
export type OutcomeStory = MinerStory['outcomes'][number];
