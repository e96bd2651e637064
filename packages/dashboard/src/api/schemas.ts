import { z } from 'zod';
import { minerStorySchema, reasonSchema, roundStorySchema } from '../story/round-story.ts';

const count = z.int().nonnegative();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const ms = z.number().describe('Unix milliseconds.');

export const personSchema = z.object({
  uid: count,
  hotkey: z.string(),
  name: z
    .string()
    .nullable()
    .describe('Name in the local network’s own file; null elsewhere. Not from the ledger.'),
});

export const healthSchema = z.object({
  state: z
    .enum(['live', 'stale', 'degraded'])
    .describe('stale: no new block for longer than expected. degraded: something cannot be read.'),
  faults: z.array(z.object({ part: z.string(), message: z.string(), sinceMs: ms })),
  headBlock: count.nullable(),
  headSealedAtMs: ms.nullable(),
  indexedRounds: count.describe('Finished rounds in the archive.'),
  finishedRounds: count.describe('Rounds that are over on the ledger.'),
  measuredStates: count.describe('States whose losses were measured.'),
  measuring: z.boolean().describe('Whether this dashboard, or the network it belongs to, measures states.'),
});

export const runSchema = z.object({
  protocol: z.string(),
  run: hash,
  name: z.string(),
  definition: z.unknown().describe('The run definition, whole.'),
  command: z.object({
    verify: z.string().describe('Command that replays a round; {round} stands for its number.'),
    explain: z
      .string()
      .describe('Command that explains a miner’s score; {uid} and {round} stand for numbers.'),
  }),
});

const dutySchema = z.object({ now: z.string(), next: z.string() });
const noteStateSchema = z.enum(['done', 'due', 'later', 'missed', 'idle']);

export const nowSchema = z.object({
  atMs: ms,
  health: healthSchema,
  point: z
    .object({
      block: count.describe('The open block.'),
      round: count.nullable().describe('Null before the first round.'),
      phase: z.string(),
      step: z.string().nullable(),
      window: z.string().nullable(),
      blocksLeft: count,
      roundBlocks: count,
      blocksDone: count,
      windowStartedAtMs: ms.nullable(),
    })
    .nullable(),
  windows: z
    .array(
      z.object({
        name: z.string(),
        blocks: count,
        secondsExpected: z
          .number()
          .nullable()
          .describe('Median of the last finished rounds; null before the first.'),
      }),
    )
    .describe('The windows of a round, in order.'),
  expectationRounds: count.describe('Rounds the expected seconds are the median of.'),
  duties: z.object({ miner: dutySchema, validator: dutySchema }),
  miners: z.array(
    personSchema.extend({
      group: z.string(),
      domain: z.string(),
      commit: noteStateSchema,
      commitBlock: count.nullable(),
      reveal: noteStateSchema,
      revealBlock: count.nullable(),
      last: z
        .object({ round: count, scoreNanoNats: z.int().nullable(), reason: reasonSchema.nullable() })
        .nullable(),
    }),
  ),
  validators: z.array(
    personSchema.extend({
      stake: z.string(),
      report: noteStateSchema,
      attest: noteStateSchema,
      vote: noteStateSchema,
      state: noteStateSchema,
    }),
  ),
});

const lossPointSchema = z.object({
  round: count.describe('The round that starts from this state; 0 is the base model.'),
  loss: z.number().describe('Nats per token on the reporting set.'),
  bitsPerByte: z.number().nullable(),
  fall: z.number().describe('Fall since the base model, nats per token: positive is better.'),
  low: z.number().describe('95 % paired interval of the fall.'),
  high: z.number(),
});

export const learningSchema = z.object({
  from: count,
  to: count.describe('Both included.'),
  every: count.describe('Only every n-th state is given; nothing is averaged.'),
  domains: z.array(
    z.object({
      domain: z.string(),
      trained: z.boolean().describe('Whether an expert group trains on it; other domains are general text.'),
      points: z.array(lossPointSchema),
    }),
  ),
  merges: z.array(
    z.object({
      round: count,
      outcome: z.enum(['canonical', 'void']),
      groups: z.array(z.object({ group: z.string(), mergedUpdates: count, scale: z.number() })),
    }),
  ),
});

export const minerRowSchema = minerStorySchema
  .omit({ outcomes: true, commit: true, reveal: true, creditShare: true })
  .extend({
    name: z.string().nullable(),
    rank: count.describe('By agreed score in this round, 1 is best.'),
    statuses: z.array(
      z.object({
        validator: count,
        kind: z.string(),
        reason: reasonSchema.nullable(),
        scoreNanoNats: z.int().nullable(),
      }),
    ),
    recent: z.array(z.object({ round: count, scoreNanoNats: z.int().nullable() })).describe('Oldest first.'),
  });

export const minersSchema = z.object({
  round: count.nullable().describe('Null where no round is finished.'),
  outcome: z.enum(['canonical', 'void']).nullable(),
  total: count,
  offset: count,
  rows: z.array(minerRowSchema),
});

export const minerHistorySchema = z.object({
  hotkey: z.string(),
  name: z.string().nullable(),
  uid: count,
  totals: z.object({
    rounds: count,
    paid: count,
    incentive: z.number().describe('Mean share of all miners’ incentive, parts per billion.'),
    bytesSent: count,
    reasons: z.array(z.object({ reason: reasonSchema, count, lastRound: count })),
    contributions: z.array(z.object({ group: z.string(), rounds: count, weight: z.number() })),
  }),
  before: count.nullable().describe('Pass as `before` for older rounds; null at the end.'),
  rows: z.array(
    z.object({
      round: count,
      uid: count,
      group: z.string(),
      scoreNanoNats: z.int().nullable(),
      reason: reasonSchema.nullable(),
      lowerNanoNats: z.int().nullable(),
      upperNanoNats: z.int().nullable(),
      marginalNanoNats: z.int().nullable(),
      incentive: z.number(),
      mergeWeight: z.number(),
      bytesSent: count,
    }),
  ),
});

export const validatorsSchema = z.object({
  from: count,
  to: count,
  rows: z.array(
    personSchema.extend({
      stake: z.string(),
      stakeShare: z.number(),
      rounds: count,
      inTime: count,
      late: count,
      missing: count,
      meanBlocksUsed: z.number().nullable(),
      judged: count,
      same: count,
      meanDeviationNanoNats: z.number().nullable(),
      statesPosted: count,
      statesCanonical: count.describe('Posted states that became the canonical one.'),
      dividends: z.number().describe('Last, parts per billion.'),
      sequencesPerSecond: z
        .number()
        .nullable()
        .describe(
          'Sequences in its reports by seconds of the evaluation windows: a lower bound of its speed.',
        ),
      lastState: hash.nullable(),
      history: z.array(
        z.object({
          round: count,
          status: z.string(),
          agreed: z.boolean().nullable(),
          same: count,
          judged: count,
        }),
      ),
    }),
  ),
});

export const expertsSchema = z.object({
  round: count
    .nullable()
    .describe('The round that starts from the shown state; null where none was measured.'),
  state: hash.nullable(),
  layers: count,
  experts: count,
  owners: z.array(z.object({ group: z.string(), domain: z.string(), layer: count, expert: count })),
  domains: z.array(
    z.object({
      domain: z.string(),
      trained: z.boolean(),
      before: z.array(z.array(z.number())).nullable().describe('[layer][expert] of the base model.'),
      after: z.array(z.array(z.number())).nullable().describe('[layer][expert] of the shown state.'),
    }),
  ),
  overlap: z
    .array(z.object({ a: z.string(), b: z.string(), share: z.number() }))
    .describe('Load two domains have in common, mean over layers of the sum of the smaller shares, 0 to 1.'),
  drifts: z.array(z.object({ group: z.string(), layer: count, expert: count, sinceBase: z.number() })),
});

export const roundRowSchema = z.object({
  round: count,
  outcome: z.enum(['canonical', 'void']),
  state: hash,
  agreed: z.boolean(),
  firstBlock: count,
  lastBlock: count,
  endedAtMs: ms,
  seconds: z.number(),
  miners: count,
  paid: count,
  merged: count,
  groups: z.array(z.object({ group: z.string(), mergedUpdates: count, scale: z.number() })),
});
export const roundsSchema = z.object({
  total: count,
  before: count.nullable(),
  rows: z.array(roundRowSchema),
});

export const provenanceSchema = z.object({
  state: hash.nullable(),
  round: count.nullable().describe('Last finished round.'),
  groups: z.array(
    z.object({
      group: z.string(),
      domain: z.string(),
      contributors: z.array(
        z.object({
          hotkey: z.string(),
          name: z.string().nullable(),
          rounds: count.describe('Rounds in which its update entered the state.'),
          weight: z.number().describe('Sum over those rounds of merge weight times step scale.'),
          share: z.number().describe('Of the group’s sum.'),
          lastRound: count,
        }),
      ),
    }),
  ),
});

export const securitySchema = z.object({
  from: count,
  to: count,
  submissions: count.describe('Miner places in these rounds.'),
  checks: z
    .array(
      z.object({
        check: z.string(),
        rejected: count,
        reasons: z.array(z.object({ reason: reasonSchema, count })),
      }),
    )
    .describe('The checks in the order they are made.'),
  before: count.nullable(),
  events: z.array(
    z.object({
      round: count,
      uid: count,
      hotkey: z.string(),
      name: z.string().nullable(),
      group: z.string(),
      reason: reasonSchema,
      check: z.string(),
      detail: z.string().nullable(),
    }),
  ),
});

export const reasonsSchema = z.object({
  reasons: z.array(
    z.object({
      reason: reasonSchema,
      sentence: z.string(),
      nextAction: z.string().describe('What the miner can do about it.'),
      check: z.string().nullable().describe('The check that it fails, if it is one.'),
    }),
  ),
});

export const roundAnswerSchema = roundStorySchema.extend({
  names: z.record(z.string(), z.string()).describe('Names of hotkeys in the local network’s own file.'),
});

export const dashboardSchema = z.object({
  format: z.literal('connito-dashboard/1'),
  run: runSchema.omit({ definition: true, command: true }),
  now: nowSchema,
  learning: learningSchema,
  miners: minersSchema,
  validators: validatorsSchema,
  provenance: provenanceSchema,
  security: securitySchema,
});

/** What the event stream sends, by event name. */
export const eventSchemas = {
  hello: z.object({ health: healthSchema }),
  block: z.object({ block: count, round: count.nullable() }),
  round: z.object({ round: count }),
  measured: z.object({ round: count }),
  health: healthSchema,
} as const;

export type Health = z.infer<typeof healthSchema>;
export type RunAnswer = z.infer<typeof runSchema>;
export type NowAnswer = z.infer<typeof nowSchema>;
export type LearningAnswer = z.infer<typeof learningSchema>;
export type MinersAnswer = z.infer<typeof minersSchema>;
export type MinerRow = MinersAnswer['rows'][number];
export type MinerHistory = z.infer<typeof minerHistorySchema>;
export type ValidatorsAnswer = z.infer<typeof validatorsSchema>;
export type ExpertsAnswer = z.infer<typeof expertsSchema>;
export type RoundsAnswer = z.infer<typeof roundsSchema>;
export type ReasonsAnswer = z.infer<typeof reasonsSchema>;
export type RoundAnswer = z.infer<typeof roundAnswerSchema>;
export type ProvenanceAnswer = z.infer<typeof provenanceSchema>;
export type SecurityAnswer = z.infer<typeof securitySchema>;
export type DashboardAnswer = z.infer<typeof dashboardSchema>;
export type NoteState = z.infer<typeof noteStateSchema>;
export type EventName = keyof typeof eventSchemas;
export type DashboardEvent = {
  readonly [Name in EventName]: { readonly name: Name; readonly data: z.infer<(typeof eventSchemas)[Name]> };
}[EventName];
