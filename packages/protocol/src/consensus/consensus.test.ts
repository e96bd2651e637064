import { getPublicKey, secretFromSeed, sign } from '@scure/sr25519';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExpertGroupId, Hotkey, StateHash, Uid } from '../brand.ts';
import { verifySr25519 } from '../encoding/sr25519.ts';
import { hotkeyOf } from '../encoding/ss58.ts';
import { runIdOf } from '../run/parse-run-definition.ts';
import { exampleRun } from '../testing/example-run.ts';
import { attestedInputs, canonicalState, votedSteps } from './agreement.ts';
import { type CountedReport, consensusScores } from './consensus-scores.ts';
import { encodeMergeReport, type MergeReport, parseMergeReport, signMergeReport } from './merge-report.ts';
import { encodeReport, type MinerOutcome, parseReport, type Report, signReport } from './report.ts';
import { lowerWeightedMedian, type StakeTable } from './stake.ts';

const definition = exampleRun();
const run = runIdOf(definition);
const quorums = definition.validators;
const keyOf = (seed: number) => {
  const secret = secretFromSeed(new Uint8Array(32).fill(seed));
  return { hotkey: hotkeyOf(getPublicKey(secret)), sign: (message: Uint8Array) => sign(secret, message) };
};
const minerKey = keyOf(50).hotkey;
const originalKey = keyOf(51).hotkey;
const uid = (number: number) => number as Uid;
const stakesOf = (...stakes: number[]): StakeTable =>
  new Map(stakes.map((stake, i) => [uid(i), BigInt(stake)]));

const statistics = { n: 64, meanNanoNats: 5, lowerNanoNats: 3, upperNanoNats: 7 };
const identity = { uid: uid(20), hotkey: minerKey, group: 'law' as ExpertGroupId };
const duplicate = {
  ...{ reason: 'duplicate_of' as const, of: originalKey, round: 1 },
  ...{ weightCosineMillionths: 990_000, responseCosineMillionths: 0 },
  ...{ partialExcessMillionths: 0, functionalMillionths: 0 },
};

function scored(scoreNanoNats: number, duplicated = false): MinerOutcome {
  return {
    ...identity,
    kind: 'scored',
    scoreNanoNats,
    reason: scoreNanoNats > 0 ? null : 'no_gain',
    domain: statistics,
    generalRise: statistics,
    chargeNanoNats: 0,
    worstGeneralRiseNanoNats: 0,
    domainAfter: [1, 2],
    generalAfter: [3],
    duplicate: duplicated ? duplicate : null,
  };
}
const invalid: MinerOutcome = { ...identity, kind: 'invalid', reason: 'non_finite_loss', why: '' };
const abstained: MinerOutcome = { ...identity, kind: 'abstained', reason: 'validator_abstained' };
const reportsOf = (...outcomes: (MinerOutcome | null)[]): CountedReport[] =>
  outcomes.map((outcome, i) => ({ validator: uid(i), outcomes: outcome === null ? [] : [outcome] }));
const consensusOf = (stakes: StakeTable, ...outcomes: (MinerOutcome | null)[]) =>
  consensusScores(reportsOf(...outcomes), stakes, quorums)[0]!;

describe('lower weighted median', () => {
  it('matches hand-computed examples', () => {
    expect(lowerWeightedMedian([1, 2, 3], [1n, 1n, 1n])).toBe(2);
    expect(lowerWeightedMedian([1, 2], [1n, 1n])).toBe(1);
    expect(lowerWeightedMedian([10, 1], [3n, 1n])).toBe(10);
    expect(lowerWeightedMedian([5, 1, 9], [0n, 0n, 0n])).toBe(1);
    expect(lowerWeightedMedian([5, 1, 9], [0n, 0n, 1n])).toBe(9);
  });

  it('stays within the values of the honest when less than half of the stake lies', () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(values, values, (honest, lies) => {
        const liar = lies.slice(0, honest.length - 1);
        const stakes = [...honest, ...liar].map(() => 10n ** 18n);
        const median = lowerWeightedMedian([...honest, ...liar.map((lie) => lie * 1000)], stakes);
        expect(median).toBeGreaterThanOrEqual(Math.min(...honest));
        expect(median).toBeLessThanOrEqual(Math.max(...honest));
      }),
      { numRuns: 100 },
    );
  });
});

describe('consensus score', () => {
  it('is the lower median by stake', () => {
    expect(consensusOf(stakesOf(1, 1, 1), scored(10), scored(30), scored(20)).scoreNanoNats).toBe(20);
    expect(consensusOf(stakesOf(1, 1, 5), scored(10), scored(30), scored(20)).scoreNanoNats).toBe(20);
  });

  it('needs more than two thirds of all stake, abstentions not counted', () => {
    expect(consensusOf(stakesOf(1, 1, 1), scored(10), scored(10), abstained)).toMatchObject({
      reason: 'unavailable',
    });
    expect(consensusOf(stakesOf(1, 1, 1), scored(10), scored(10))).toMatchObject({ reason: 'unavailable' });
    expect(consensusOf(stakesOf(2, 2, 1), scored(10), scored(10), abstained)).toMatchObject({
      scoreNanoNats: 10,
    });
  });

  it('counts invalid as zero and names the reason with most stake', () => {
    expect(consensusOf(stakesOf(1, 1, 1), invalid, invalid, scored(10))).toMatchObject({
      scoreNanoNats: 0,
      reason: 'non_finite_loss',
    });
    expect(consensusOf(stakesOf(1, 1, 1), invalid, scored(10), scored(20))).toMatchObject({
      scoreNanoNats: 10,
    });
  });

  it('a copycat verdict needs more than half of all stake', () => {
    expect(
      consensusOf(stakesOf(1, 1, 1, 1), scored(9, true), scored(9, true), scored(9), scored(9)),
    ).toMatchObject({
      scoreNanoNats: 9,
      reason: null,
    });
    expect(consensusOf(stakesOf(1, 1, 1), scored(9, true), scored(9, true), scored(9))).toMatchObject({
      scoreNanoNats: 0,
      reason: 'duplicate_of',
      duplicateOf: { hotkey: originalKey, round: 1 },
    });
  });

  it('ignores reports of validators without a permit', () => {
    const stakes = stakesOf(1, 1);
    expect(consensusOf(stakes, scored(10), scored(10), scored(1000)).scoreNanoNats).toBe(10);
  });
});

describe('attestation', () => {
  it('a file shown to a minority only is left out for everyone', () => {
    const attestations = [
      { validator: uid(0), reveals: [uid(9), uid(8)], reports: [uid(0)] },
      { validator: uid(1), reveals: [uid(9)], reports: [uid(0), uid(1)] },
      { validator: uid(2), reveals: [uid(9)], reports: [] },
      { validator: uid(7), reveals: [uid(8)], reports: [uid(1)] },
    ];
    const inputs = attestedInputs(attestations, stakesOf(1, 1, 1, 1), quorums.attestationQuorum);
    expect([...inputs.reveals]).toEqual([9]);
    expect([...inputs.reports]).toEqual([]);
  });
});

describe('step vote', () => {
  it('takes the lower median for each group', () => {
    const votes = [
      { validator: uid(0), scales: [0, 255] },
      { validator: uid(1), scales: [1, 0] },
      { validator: uid(2), scales: [2, 0] },
    ];
    const verdict = votedSteps(votes, stakesOf(1, 1, 1), definition);
    expect(verdict.kind === 'voted' && [...verdict.steps]).toEqual([
      ['law', '0.5'],
      ['code', '1'],
    ]);
  });

  it('counts malformed votes as no step and is void without a quorum', () => {
    const votes = [
      { validator: uid(0), scales: [0] },
      { validator: uid(1), scales: [77, 3] },
    ];
    const verdict = votedSteps(votes, stakesOf(1, 1, 1), definition);
    expect(verdict.kind === 'voted' && [...verdict.steps.values()]).toEqual([null, null]);
    expect(votedSteps(votes, stakesOf(1, 1, 2), definition).kind).toBe('void');
  });
});

describe('canonical state', () => {
  const a = 'a'.repeat(64) as StateHash;
  const b = 'b'.repeat(64) as StateHash;

  it('needs more than half of all stake, not of those who reported', () => {
    const votes = [
      { validator: uid(0), state: a },
      { validator: uid(1), state: a },
    ];
    expect(canonicalState(votes, stakesOf(1, 1, 1), quorums.stateQuorum)).toMatchObject({
      kind: 'canonical',
      state: a,
    });
    expect(canonicalState(votes, stakesOf(1, 1, 2), quorums.stateQuorum)).toMatchObject({
      kind: 'void',
      leading: a,
    });
    expect(canonicalState([], stakesOf(1), quorums.stateQuorum)).toMatchObject({
      kind: 'void',
      leading: null,
    });
  });

  it('a wrong state of a minority is ignored', () => {
    const votes = [
      { validator: uid(0), state: b },
      { validator: uid(1), state: a },
      { validator: uid(2), state: a },
    ];
    expect(canonicalState(votes, stakesOf(1, 1, 1), quorums.stateQuorum)).toMatchObject({ state: a });
  });

  it('a validator that votes twice is a bug of the caller', () => {
    const votes = [
      { validator: uid(0), state: a },
      { validator: uid(0), state: b },
    ];
    expect(() => canonicalState(votes, stakesOf(1), quorums.stateQuorum)).toThrow('once');
  });
});

describe('signed reports', () => {
  const validator = keyOf(9);
  const report: Report = {
    ...{
      protocol: 'connito/1',
      run,
      round: 4,
      validator: validator.hotkey,
      baseState: 'c'.repeat(64) as StateHash,
    },
    ...{ build: 'reference', evaluationSeedBlock: 200 },
    baselines: [
      {
        ...{ group: 'law' as ExpertGroupId, domainDocuments: [4, 9], domainBefore: [1, 2] },
        generalDocuments: [{ source: 'general-test', document: 7 }],
        ...{ generalBase: [1], generalBefore: [2] },
      },
    ],
    outcomes: [scored(5, true), { ...invalid, uid: uid(21) }, { ...abstained, uid: uid(22) }],
  };
  const expected = { run, round: 4, validator: validator.hotkey };

  it('read back what was signed', async () => {
    const bytes = encodeReport(await signReport(report, validator.sign));
    expect(parseReport(bytes, expected, verifySr25519)).toEqual(report);
  });

  it('of another key, round, run or with a miner twice are refused', async () => {
    const forged = encodeReport(await signReport(report, keyOf(10).sign));
    expect(() => parseReport(forged, expected, verifySr25519)).toThrow('not signed by');
    const bytes = encodeReport(await signReport(report, validator.sign));
    expect(() => parseReport(bytes, { ...expected, round: 5 }, verifySr25519)).toThrow('round is 4');
    expect(() => parseReport(bytes, { ...expected, validator: 'x' as Hotkey }, verifySr25519)).toThrow(
      'validator is',
    );
    const twice = { ...report, outcomes: [scored(5), scored(5)] };
    const repeated = encodeReport(await signReport(twice, validator.sign));
    expect(() => parseReport(repeated, expected, verifySr25519)).toThrow('ascending');
  });

  it('of merges read back too', async () => {
    const merge: MergeReport = {
      ...{ protocol: 'connito/1', run, round: 4, validator: validator.hotkey, baseState: report.baseState },
      build: 'reference',
      groups: [
        {
          ...{
            group: 'law' as ExpertGroupId,
            accepted: [{ uid: uid(20), scoreNanoNats: 5 }],
            vote: 1,
            leaveOneOut: [],
          },
          scales: [
            {
              ...{ scale: '0.5', gainMeanNanoNats: 5, gainLowerNanoNats: 3 },
              ...{ generalRiseMeanNanoNats: null, generalRiseLowerNanoNats: null },
            },
          ],
        },
      ],
    };
    const bytes = encodeMergeReport(await signMergeReport(merge, validator.sign));
    expect(parseMergeReport(bytes, expected, verifySr25519)).toEqual(merge);
    const asReport = { ...expected, round: 3 };
    expect(() => parseMergeReport(bytes, asReport, verifySr25519)).toThrow('round is 4');
  });
});
