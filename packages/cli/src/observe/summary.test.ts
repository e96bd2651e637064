import { describe, expect, it } from 'vitest';
import { sampleRound } from '../testing/sample-network.ts';
import { summaryLines } from '../view/summary-table.ts';
import { summarize } from './summary.ts';

const START = { directory: '/net', run: 'a'.repeat(64), secondsToFirstMerge: 42.5 };

describe('the summary', () => {
  const summary = summarize([sampleRound(0), sampleRound(1)], START);

  it('has the fields that machines rely on', () => {
    expect(Object.keys(summary)).toEqual(
      expect.arrayContaining(['type', 'secondsToFirstMerge', 'rounds', 'miners']),
    );
    expect(summary.type).toBe('summary');
    expect(summary.rounds[1]).toEqual({
      round: 1,
      outcome: 'canonical',
      stateHash: '1'.repeat(64),
      agreed: true,
      generalLossBefore: 3,
      generalLossAfter: 3.001,
      groups: [
        { domain: 'code', lossBefore: 1.99, lossAfter: 1.98, interval: [0.005, 0.015] },
        { domain: 'law', lossBefore: 1.99, lossAfter: 1.98, interval: [0.005, 0.015] },
      ],
    });
  });

  it('sums scores and bytes, averages incentive and counts reasons', () => {
    expect(summary.miners).toHaveLength(4);
    expect(summary.miners[0]).toMatchObject({ uid: 1, behaviour: 'honest', domain: 'code', reasons: {} });
    expect(summary.miners[0]!.score).toBeCloseTo(0.008);
    expect(summary.miners[0]!.incentive).toBeCloseTo(0.5);
    expect(summary.miners[0]!.bytesSent).toBe(2000);
    expect(summary.miners[2]).toMatchObject({ behaviour: 'copycat', score: 0, reasons: { duplicate_of: 2 } });
    expect(summary.miners[3]).toMatchObject({ behaviour: 'overflow', reasons: { non_finite_loss: 2 } });
  });

  it('is told to people with losses, miners, and where the files are', () => {
    const text = summaryLines(summary).join('\n');
    expect(text).toContain(
      'Rounds 0 to 1: 2 of 2 merged, all validators agreed in 2. First merge after 43 s.',
    );
    expect(text).toMatch(/code +2\.0000 +1\.9800/);
    expect(text).toMatch(/3 +miner-3 +copycat +code +0\.00 +0\.0 % +2\.00 kB +2 × copy of earlier work/);
    expect(text).toContain('/net');
  });

  it('of no round says so', () => {
    expect(summarize([], START)).toMatchObject({ rounds: [], miners: [], sinceStart: [] });
    expect(summaryLines(summarize([], START))[0]).toBe('No round was finished.');
  });
});
