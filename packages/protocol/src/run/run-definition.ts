import { z } from 'zod';
import {
  artifactHashSchema,
  countSchema,
  decimalSchema,
  expertGroupIdSchema,
  nameSchema,
  nanoNatsSchema,
  positiveSchema,
  uidSchema,
} from '../encoding/schema.ts';

/** Notes name groups by one byte or one bit of eight bytes. */
export const MAX_GROUPS = 64;
/** Step scales are named by one byte, of which 255 means no step. */
const MAX_STEP_SCALES = 16;
/** The largest layer or expert number a definition may name, far above any published model. */
const MAX_INDEX = 65_535;

const relativePath = z
  .string()
  .max(256)
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/,
    'a relative path without dot segments',
  );

const baseModelSchema = z.strictObject({
  files: z
    .array(z.strictObject({ path: relativePath, bytes: positiveSchema, sha256: artifactHashSchema }))
    .min(1)
    .max(4096),
  /** The dimensions that fix the name and shape of every expert tensor, by their names in the model's config. */
  architecture: z.strictObject({
    kind: z.literal('qwen3-moe'),
    numHiddenLayers: positiveSchema.max(MAX_INDEX),
    numExperts: positiveSchema.max(MAX_INDEX),
    hiddenSize: positiveSchema.max(1 << 20),
    moeIntermediateSize: positiveSchema.max(1 << 20),
  }),
  /** A wrongly loaded model shows another mean loss on this pinned text, and must not start. */
  check: z.strictObject({
    tokens: artifactHashSchema,
    lossNanoNats: nanoNatsSchema,
    toleranceNanoNats: nanoNatsSchema.min(0),
  }),
});

const sourceSchema = z.strictObject({
  id: nameSchema,
  domain: nameSchema,
  role: z.enum(['training', 'held-out', 'reporting']),
  /** The token shard. */
  artifact: artifactHashSchema,
  documents: positiveSchema.max(0xffff_ffff),
  sequences: positiveSchema.exactOptional(),
  tokens: positiveSchema,
  licence: z.string().min(1).max(128),
});

const groupSchema = z.strictObject({
  id: expertGroupIdSchema,
  domain: nameSchema,
  /** Expert numbers by layer number. */
  experts: z.record(
    z.string().regex(/^(?:0|[1-9]\d{0,4})$/, 'a layer number'),
    z.array(countSchema.max(MAX_INDEX)).min(1),
  ),
  /** The part of all miners' emission this group pays; the shares of all groups sum to 1. */
  emissionShare: decimalSchema,
  trainingSource: nameSchema,
  heldOutSource: nameSchema,
});

const blocks = positiveSchema.max(1_000_000);
const scheduleSchema = z.strictObject({
  /** The participants of a round are those of the block before its first one, so block 0 cannot begin a round. */
  genesisBlock: positiveSchema,
  distribute: blocks,
  train: blocks,
  commit: blocks,
  reveal: blocks,
  /** The evaluation seed is the hash of this window's first block, so reports need a second one. */
  evaluate: blocks.min(2),
  attest: blocks,
  vote: blocks,
  state: blocks,
  publish: blocks,
});

const innerSchema = z.strictObject({
  optimizer: z.literal('adamw'),
  steps: positiveSchema,
  sequencesPerStep: positiveSchema,
  sequenceLength: positiveSchema,
  learningRate: decimalSchema,
  warmupSteps: countSchema,
  beta1: decimalSchema,
  beta2: decimalSchema,
  epsilon: decimalSchema,
  weightDecay: decimalSchema,
  clipNorm: decimalSchema,
  /**
   * Root mean square of a tensor's change beyond which it is shortened before anything is measured, as a part of the sum of all
   * steps' learning rates.
   */
  maxTravel: decimalSchema,
});

const codecFields = {
  /**
   * What a miner carries into its next encoding. After a merge: the encoding residual, or nothing. After a rejected
   * update or a void round: the whole intended delta (from then on relative to the new state), what of it was not sent,
   * or nothing.
   */
  errorFeedback: z.strictObject({
    merged: z.enum(['residual', 'nothing']),
    rejected: z.enum(['delta', 'residual', 'nothing']),
    void: z.enum(['delta', 'residual', 'nothing']),
    /** What is carried is multiplied by this in every round. */
    decay: decimalSchema,
  }),
  maxBundleBytes: positiveSchema,
} as const;

/** The largest chunk of `top-k`: a selection key holds a magnitude's 31 bits above a position's 16 in one number. */
export const MAX_TOP_K_CHUNK = 65_536;

const codecSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fp16'), ...codecFields }),
  z.strictObject({ kind: z.literal('int8'), ...codecFields }),
  z.strictObject({
    kind: z.literal('top-k'),
    /** Values that compete with each other. */
    chunk: z.int().min(2).max(MAX_TOP_K_CHUNK),
    /** How many values of a whole chunk are sent at most. */
    kept: positiveSchema.max(MAX_TOP_K_CHUNK),
    /** Bits of a sent value: its sign, and one of 2^(bits − 1) magnitudes. */
    bits: z.int().min(1).max(8),
    ...codecFields,
  }),
]);

const scoringSchema = z.strictObject({
  /** Fixed sample sizes: what is accepted was always measured on all of them. */
  domainSequences: z.int().min(2).max(65_536),
  generalSequences: z.int().min(2).max(65_536),
  sequenceTokens: z.int().min(2),
  /** How often an update without any gain may be rewarded: one minus the confidence of the lower bound. */
  falseRewardRate: decimalSchema,
  /**
   * A lower bound below this is no gain. An update that changes next to nothing helps most sequences by next to nothing and
   * hurts the rare one whose routing it tips over, which a sample seldom holds: no bound sees what is not drawn.
   */
  minGainNanoNats: nanoNatsSchema.min(1),
  /** Domain sequences measured before a hopeless update may be dropped. */
  futilityAfter: z.int().min(2),
  /** A rise of general loss over the base model whose lower bound exceeds this makes the score zero. */
  maxGeneralLossRiseNanoNats: nanoNatsSchema.min(0),
  /** Nats of score taken per nat of general loss rise. */
  generalCharge: decimalSchema,
});

const duplicatesSchema = z.strictObject({
  lookbackRounds: countSchema.max(64),
  /** Cosine of weight-space sketches from which two updates are the same work. */
  maxCosine: decimalSchema,
  /** The same for responses of the experts to probe inputs, which no function-preserving rewrite changes. */
  maxResponseCosine: decimalSchema,
  /** How far a partial cosine may lie beyond `1 / (1 + k)`, the most that honest work has beside `k` other works. */
  maxPartialExcess: decimalSchema,
  /** Correlation of per-sequence loss differences that makes `supportingCosine` enough. */
  maxFunctionalCorrelation: decimalSchema,
  supportingCosine: decimalSchema,
  /** Numbers in each sketch; the standard error of a cosine is about `1 / sqrt(sketchWidth)`. */
  sketchWidth: z.int().min(64).max(65_536),
  /** Probe inputs per expert. */
  probes: positiveSchema.max(256),
});

const mergeSchema = z.strictObject({
  rule: z.enum([
    'weighted-mean',
    'coordinate-median',
    'trimmed-mean',
    'krum',
    'multi-krum',
    'centred-clipping',
  ]),
  /**
   * Largest part of a group's updates assumed hostile: cut off at each end by `trimmed-mean`, outvoted by `krum` and
   * `multi-krum`; ignored by the other rules.
   */
  hostileFraction: decimalSchema,
  maxUpdates: z.int().min(2).max(256),
  /** Updates longer than this multiple of the median norm are shortened to it. */
  clipNormFactor: decimalSchema,
  /** Updates longer than this part of the norm of the group's parameters are shortened to it, also a single one. */
  maxNormRatio: decimalSchema,
  outerLearningRate: decimalSchema,
  outerMomentum: decimalSchema,
  nesterov: z.literal(true),
  /** Step scales validators vote on, largest first. */
  scales: z.array(decimalSchema).min(1).max(MAX_STEP_SCALES),
});

const quorum = z.strictObject({ numerator: countSchema, denominator: positiveSchema });
const validatorsSchema = z.strictObject({
  /** Each is met by stake strictly greater than the fraction. */
  scoreQuorum: quorum,
  duplicateQuorum: quorum,
  attestationQuorum: quorum,
  voteQuorum: quorum,
  stateQuorum: quorum,
});

const emissionSchema = z.strictObject({
  /** Receives the share of groups in which nobody earned; null: that share goes to the groups in which somebody did. */
  burnUid: uidSchema.nullable(),
  /** How much marginal contributions to the merge count beside solo scores; see `groupCredits`. At most 1. */
  marginalWeight: decimalSchema,
});

/** Shape of a run definition; `parseRunDefinition` also checks that its parts agree. */
export const runDefinitionSchema = z.strictObject({
  protocol: z.literal('connito/1'),
  name: nameSchema,
  baseModel: baseModelSchema,
  tokenizer: artifactHashSchema,
  sources: z.array(sourceSchema).min(2).max(1024),
  groups: z.array(groupSchema).min(1).max(MAX_GROUPS),
  /** Held-out sources no group trains on. */
  generalSources: z.array(nameSchema).min(1).max(256),
  /** Sources measured for humans only; they never touch scores. */
  reportingSources: z.array(nameSchema).max(256).exactOptional(),
  schedule: scheduleSchema,
  inner: innerSchema,
  codec: codecSchema,
  scoring: scoringSchema,
  duplicates: duplicatesSchema,
  merge: mergeSchema,
  validators: validatorsSchema,
  emission: emissionSchema,
});

/** Everything that must be equal for all participants of one run. Numbers are integers, fractions decimal strings. */
export type RunDefinition = z.infer<typeof runDefinitionSchema>;
export type ExpertGroup = RunDefinition['groups'][number];
export type Source = RunDefinition['sources'][number];
export type Schedule = RunDefinition['schedule'];
export type ScoringParameters = RunDefinition['scoring'];
export type DuplicateParameters = RunDefinition['duplicates'];
export type CodecParameters = RunDefinition['codec'];
export type MergeParameters = RunDefinition['merge'];
export type Quorum = z.infer<typeof quorum>;
export type Architecture = RunDefinition['baseModel']['architecture'];
