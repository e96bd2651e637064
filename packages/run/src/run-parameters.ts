import type { CodecKind, CodecParameters, RunDefinition } from '@connito/protocol';

/** Everything of a run definition that is neither derived from the model nor from the texts. */
export type RunParameters = Pick<
  RunDefinition,
  'schedule' | 'inner' | 'codec' | 'scoring' | 'duplicates' | 'merge' | 'validators' | 'emission'
>;

const MAX_BUNDLE_BYTES = 64 << 20;
const DENSE_FEEDBACK = { merged: 'residual', rejected: 'nothing', void: 'nothing', decay: '1' } as const;

/** Each codec as a local run uses it. `bench/codec` measures what they do to learning. */
export const LOCAL_CODECS = {
  fp16: { kind: 'fp16', errorFeedback: DENSE_FEEDBACK, maxBundleBytes: MAX_BUNDLE_BYTES },
  int8: { kind: 'int8', errorFeedback: DENSE_FEEDBACK, maxBundleBytes: MAX_BUNDLE_BYTES },
  'top-k': {
    kind: 'top-k',
    chunk: 4096,
    kept: 96,
    bits: 2,
    // Most of what a miner intends is in its residual, so a rejection or a void round must not clear it.
    errorFeedback: { merged: 'residual', rejected: 'residual', void: 'residual', decay: '0.95' },
    maxBundleBytes: MAX_BUNDLE_BYTES,
  },
} as const satisfies Record<CodecKind, CodecParameters>;

/**
 * Parameters of a run on one machine: blocks close as soon as all nodes are ready, so every window is as short as its rules
 * allow. The figures are tuned for the shipped foundation; `bench/` shows what they give.
 */
export const LOCAL_PARAMETERS: RunParameters = {
  // Block 1 holds the registrations, so the first round starts with block 2.
  schedule: {
    genesisBlock: 2,
    distribute: 1,
    train: 1,
    commit: 1,
    reveal: 1,
    evaluate: 2,
    attest: 1,
    vote: 1,
    state: 1,
    publish: 1,
  },
  inner: {
    optimizer: 'adamw',
    steps: 5,
    sequencesPerStep: 8,
    sequenceLength: 128,
    learningRate: '0.0002',
    warmupSteps: 2,
    beta1: '0.9',
    beta2: '0.95',
    epsilon: '0.00000001',
    weightDecay: '0',
    clipNorm: '1',
    // The lower end of what honest updates of the foundation travel: 0.50 in law, up to 0.70 in math. A larger step gains nothing.
    maxTravel: '0.5',
  },
  codec: LOCAL_CODECS.int8,
  scoring: {
    domainSequences: 32,
    generalSequences: 8,
    // Of equal cost, more and shorter documents find a small gain more surely than fewer and longer ones.
    sequenceTokens: 64,
    falseRewardRate: '0.05',
    // A quarter of a millinat. Honest updates gain 3 to 90; what tips a rare routing over is below 0.1.
    minGainNanoNats: 250_000,
    futilityAfter: 8,
    maxGeneralLossRiseNanoNats: 20_000_000,
    generalCharge: '1',
  },
  duplicates: {
    lookbackRounds: 2,
    // Above all that honest miners reached: 0.66, 0.72 and 0.11 in `bench/copy-detection`; more in larger groups.
    maxCosine: '0.85',
    maxResponseCosine: '0.85',
    maxPartialExcess: '0.22',
    maxFunctionalCorrelation: '0.99',
    supportingCosine: '0.8',
    sketchWidth: 4096,
    probes: 16,
  },
  merge: {
    rule: 'weighted-mean',
    hostileFraction: '0.2',
    maxUpdates: 8,
    clipNormFactor: '2',
    // An honest update of the default length has 2 to 4 % of the parameters' norm.
    maxNormRatio: '0.25',
    outerLearningRate: '0.9',
    outerMomentum: '0.6',
    nesterov: true,
    scales: ['1', '0.5', '0.25', '0.125'],
  },
  validators: {
    // Of three equal validators one may be away: two are more than three fifths of the stake.
    scoreQuorum: { numerator: 3, denominator: 5 },
    duplicateQuorum: { numerator: 1, denominator: 2 },
    attestationQuorum: { numerator: 1, denominator: 2 },
    voteQuorum: { numerator: 1, denominator: 2 },
    stateQuorum: { numerator: 1, denominator: 2 },
  },
  emission: { burnUid: null, marginalWeight: '0.5' },
};
