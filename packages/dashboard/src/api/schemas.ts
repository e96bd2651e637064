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
  pages: z
    .object({ market: z.boolean(), serving: z.boolean() })
    .describe('Whether this dashboard was given a market and a server of models to show.'),
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

const stepSchema = z.object({
  gain: z.number().describe('Fall of the loss against the round before, nats per token.'),
  low: z.number().describe('95 % paired interval of the gain.'),
  high: z.number(),
  subModel: z
    .object({
      gain: z.number().describe("The same measured on the sub-model that may use the group's experts only."),
      gap: z
        .number()
        .describe("That less the whole model's gain: what a score on sub-models would overstate."),
      low: z.number().describe('95 % paired interval of the gap.'),
      high: z.number(),
    })
    .nullable()
    .describe('Null where no group trains on the domain. Nothing is paid by it.'),
});

const lossPointSchema = z.object({
  round: count.describe('The round that starts from this state; 0 is the base model.'),
  loss: z.number().describe('Nats per token on the reporting set.'),
  bitsPerByte: z.number().nullable(),
  fall: z.number().describe('Fall since the base model, nats per token: positive is better.'),
  low: z.number().describe('95 % paired interval of the fall.'),
  high: z.number(),
  step: stepSchema
    .nullable()
    .describe('What the round before this state gave; null where either was not measured.'),
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
  updates: z
    .object({
      round: count,
      opened: count.describe('Reveals that were opened, the best scores first, at most 64.'),
      rows: z.array(
        z.object({
          uid: count,
          hotkey: z.string(),
          name: z.string().nullable(),
          group: z.string(),
          norm: z.number().describe('‖local − global‖ of the whole decoded update.'),
          scoreNanoNats: z.int().nullable(),
          mergeWeight: z.number(),
          experts: z.array(
            z.object({
              layer: count,
              expert: count,
              norm: z.number().describe('Of the expert’s three matrices.'),
            }),
          ),
        }),
      ),
    })
    .nullable()
    .describe('How far each update of the newest measured round before the shown state moves each expert.'),
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
  gains: z
    .array(stepSchema.extend({ domain: z.string(), trained: z.boolean() }))
    .describe('What the round gave on the reporting texts; empty where the states were not measured.'),
  names: z.record(z.string(), z.string()).describe('Names of hotkeys in the local network’s own file.'),
});

const text = z.string();
const gainSchema = z
  .object({ domain: text, meanNanoNats: z.int(), lowerNanoNats: z.int(), upperNanoNats: z.int() })
  .nullable();

/** Of the market's index; every field but the status follows from a package's signed manifest. */
const packageFactsSchema = z.object({
  id: hash.describe('Hash of the manifest: what receipts, notices and statements name.'),
  name: text,
  version: text,
  description: text,
  status: z
    .enum(['active', 'deprecated', 'rolled-back', 'revoked'])
    .describe("By its publisher's latest signed notice."),
  notice: z.object({ kind: text, reason: text, replacement: text.nullable(), sequence: count }).nullable(),
  domain: text,
  base: hash.describe('Hash of the base model it is made for.'),
  architecture: text,
  experts: count,
  parameters: count,
  sizeBytes: count,
  licence: text,
  pricePerMillionTokens: count.describe("In the ledger's smallest unit."),
  gain: gainSchema.describe('Fall of the loss on its own domain, with the 95 % interval.'),
  worstGeneral: gainSchema.describe('On the general text it costs most: negative is forgotten.'),
  run: hash,
  mergedRounds: count,
  miners: count,
  publisher: text.describe('Hotkey.'),
  signers: z.array(text),
  channels: z.array(text),
});

const statementFactsSchema = z.object({
  file: text,
  hash: hash.describe('Reference of its payment on the ledger.'),
  server: text.describe('Hotkey of who owes.'),
  number: count,
  previous: hash.nullable(),
  receipts: z.object({ first: count, end: count, head: hash }),
  tokens: count,
  baseTokens: count,
  total: count.describe("In the ledger's smallest unit."),
  carriedMillionths: count,
  packages: z.array(
    z.object({
      id: hash,
      name: text,
      version: text,
      tokens: count,
      pricePerMillionTokens: count,
      amount: count,
    }),
  ),
  payees: z.array(z.object({ hotkey: text, amount: count })),
  payment: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('paid'), block: count }),
      z.object({ kind: z.literal('unpaid'), upToBlock: count }),
      z.object({ kind: z.literal('nothing') }),
      z.object({ kind: z.literal('unknown') }),
    ])
    .describe(
      'Whether the ledger holds its payment in full. Nothing: it comes to less than a unit, which is carried. Unknown: the ledger holds no money.',
    ),
});

/** What whoever serves the dashboard reads of a market. */
export type MarketFacts = {
  readonly index: string | null;
  readonly packages: readonly z.infer<typeof packageFactsSchema>[];
  readonly statements: readonly z.infer<typeof statementFactsSchema>[];
};

const namedSchema = z.object({ hotkey: text, name: text.nullable() });

export const marketSchema = z.object({
  configured: z.boolean(),
  readAtMs: ms.nullable(),
  index: text.nullable().describe('Where the index was read.'),
  packages: z.array(
    packageFactsSchema.extend({
      publisher: namedSchema,
      signers: z.array(namedSchema),
      ofThisRun: z.boolean().describe('Whether it was trained in the run this dashboard shows.'),
    }),
  ),
  statements: z.array(
    statementFactsSchema.extend({
      server: namedSchema,
      payees: z.array(namedSchema.extend({ amount: count })),
    }),
  ),
});

const latencySchema = z.object({
  count,
  meanSeconds: z.number().nullable(),
  medianAtMostSeconds: z
    .number()
    .nullable()
    .describe("Bound of the histogram's bucket that the median is in."),
  p99AtMostSeconds: z
    .number()
    .nullable()
    .describe('The same of the 99th percentile; null beyond the last bound.'),
});

const servingFactsSchema = z.object({
  url: text.nullable(),
  windowSeconds: z.number().nullable().describe('Time that `tokensPerSecond` is over.'),
  models: z.array(
    z.object({
      id: text,
      createdSeconds: count,
      engine: text,
      version: count.describe('Counts up with every swap.'),
      context: count.describe('Tokens.'),
      routing: z.boolean().describe('Whether the engine shows and restricts which experts answer.'),
      packages: z.array(text).describe('What the composition is made of.'),
      running: count,
      waiting: count,
      cacheBytes: z.number(),
      promptTokens: z.number(),
      completionTokens: z.number(),
      packageTokens: z.array(z.object({ package: text, tokens: z.number() })),
      cancelled: z.number(),
      swaps: z.number(),
      firstToken: latencySchema,
      answer: latencySchema,
      tokensPerSecond: z.number().nullable().describe('Tokens written, over the last scrapes.'),
    }),
  ),
  requests: z.array(z.object({ route: text, status: text, count: z.number() })),
});
export type ServingFacts = z.infer<typeof servingFactsSchema>;

export const servingSchema = servingFactsSchema.extend({
  configured: z.boolean(),
  readAtMs: ms.nullable(),
});

export const dashboardSchema = z.object({
  format: z.literal('connito-dashboard/1'),
  run: runSchema.omit({ definition: true, command: true, pages: true }),
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
  market: z.object({ atMs: ms }),
  serving: z.object({ atMs: ms }),
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
export type MarketAnswer = z.infer<typeof marketSchema>;
export type ServingAnswer = z.infer<typeof servingSchema>;
export type SecurityAnswer = z.infer<typeof securitySchema>;
export type DashboardAnswer = z.infer<typeof dashboardSchema>;
export type NoteState = z.infer<typeof noteStateSchema>;
export type EventName = keyof typeof eventSchemas;
export type DashboardEvent = {
  readonly [Name in EventName]: { readonly name: Name; readonly data: z.infer<(typeof eventSchemas)[Name]> };
}[EventName];
