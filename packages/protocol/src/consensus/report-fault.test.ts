import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExpertGroupId, Hotkey, Uid } from '../brand.ts';
import { scoreFromNanoNats, scoreFutile } from '../scoring/score-update.ts';
import { exampleRun } from '../testing/example-run.ts';
import type { MinerOutcome, Report } from './report.ts';
import { reportFault } from './report-fault.ts';

const definition = exampleRun();
const { domainSequences, generalSequences, futilityAfter } = definition.scoring;
const group = 'law' as ExpertGroupId;
const identity = { hotkey: 'miner' as Hotkey, group };

/** Losses around two nats; `gain` is taken off, and a little that differs from sequence to sequence. */
const losses = (count: number, gain: number): number[] =>
  Array.from({ length: count }, (_, j) => 2_000_000_000 - gain + ((j * 7_919) % 1_009) * 1_000);

const baseline: Report['baselines'][number] = {
  group,
  domainDocuments: Array.from({ length: domainSequences }, (_, j) => j),
  domainBefore: losses(domainSequences, 0),
  generalDocuments: Array.from({ length: generalSequences }, (_, j) => ({ source: 'other', document: j })),
  generalBase: losses(generalSequences, 0),
  generalBefore: losses(generalSequences, 500),
};

function scored(uid: number, gain: number): Extract<MinerOutcome, { kind: 'scored' }> {
  const domainAfter = losses(domainSequences, gain);
  const generalAfter = losses(generalSequences, 400);
  const floats = (values: readonly number[]) => Float64Array.from(values);
  const score = scoreFromNanoNats(
    {
      domainBefore: floats(baseline.domainBefore),
      domainAfter: floats(domainAfter),
      generalBase: floats(baseline.generalBase),
      generalBefore: floats(baseline.generalBefore),
      generalAfter: floats(generalAfter),
    },
    definition.scoring,
  );
  if (score.kind !== 'scored') throw new Error(`unexpected ${score.kind}`);
  return { ...score, ...identity, uid: uid as Uid, domainAfter, generalAfter, duplicate: null };
}

function futile(uid: number): Extract<MinerOutcome, { kind: 'futile' }> {
  const domainAfter = losses(futilityAfter, -1_000_000);
  const nats = (values: readonly number[]) => values.map((value) => value / 1e9);
  const before = nats(baseline.domainBefore.slice(0, futilityAfter));
  const score = scoreFutile(before, nats(domainAfter), definition.scoring);
  if (score.kind !== 'futile') throw new Error(`unexpected ${score.kind}`);
  return { ...score, ...identity, uid: uid as Uid, domainAfter };
}

const report = (...outcomes: MinerOutcome[]) => ({ baselines: [baseline], outcomes });

describe('a report', () => {
  it('whose numbers follow from its losses has no fault', () => {
    const invalid: MinerOutcome = {
      ...identity,
      uid: 9 as Uid,
      kind: 'invalid',
      reason: 'no_commitment',
      why: '',
    };
    expect(
      reportFault(report(scored(1, 20_000_000), scored(2, 0), futile(3), invalid), definition),
    ).toBeNull();
  });

  it.each([
    ['scoreNanoNats', { scoreNanoNats: 999_999_999 }],
    ['chargeNanoNats', { chargeNanoNats: 1 }],
    ['worstGeneralRiseNanoNats', { worstGeneralRiseNanoNats: 5 }],
    ['reason', { reason: 'no_gain' as const }],
    ['domain.lowerNanoNats', { domain: { ...scored(1, 20_000_000).domain, lowerNanoNats: 1 } }],
  ])('that states another %s than its losses give contradicts itself', (field, changes) => {
    const fault = reportFault(report({ ...scored(1, 20_000_000), ...changes }), definition);
    expect(fault?.field).toBe(`outcomes.1.${field}`);
  });

  it('that changes any single loss after the update contradicts itself', () => {
    const honest = scored(1, 20_000_000);
    fc.assert(
      fc.property(fc.nat(domainSequences - 1), fc.integer({ min: 1_000, max: 1e9 }), (at, by) => {
        const domainAfter = honest.domainAfter.map((loss, j) => (j === at ? loss - by : loss));
        expect(reportFault(report({ ...honest, domainAfter }), definition)).not.toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  it('that measured fewer sequences than the run says does not count, however good they are', () => {
    const honest = scored(1, 20_000_000);
    const cut = { ...honest, domainAfter: honest.domainAfter.slice(1) };
    expect(reportFault(report(cut), definition)?.field).toBe('outcomes.1.domainAfter.length');
    const stopped = { ...futile(1), domainAfter: losses(futilityAfter - 1, 0) };
    expect(reportFault(report(stopped), definition)?.field).toBe('outcomes.1.domainAfter.length');
  });

  it('needs one baseline of the run’s size for each group it scores', () => {
    const outcome = scored(1, 20_000_000);
    expect(reportFault({ baselines: [], outcomes: [outcome] }, definition)?.field).toBe('outcomes.1.group');
    expect(reportFault({ baselines: [baseline, baseline], outcomes: [] }, definition)?.field).toBe(
      'baselines',
    );
    const short = { ...baseline, generalBase: baseline.generalBase.slice(1) };
    expect(reportFault({ baselines: [short], outcomes: [] }, definition)?.field).toBe(
      'baselines.law.generalBase.length',
    );
  });
});
