import type { Uid } from '@connito/protocol';
import type { MinerRecord, RoundRecord } from '@connito/run';
import { describe, expect, it } from 'vitest';
import { SAMPLE_NETWORK } from '../../testing/sample-network.ts';
import { explanationLines, explanationOf } from './explanation.ts';

describe('an explanation', () => {
  const miner = {
    uid: 1 as Uid,
    hotkey: SAMPLE_NETWORK.miners[0]!.hotkey,
    group: 'code',
    domain: 'code',
    scoreNanoNats: 760_000,
    reason: null,
    detail: null,
    interval: null,
    mergeWeight: 1,
    incentive: 500_000_000,
    bytesSent: 5040,
  } as unknown as MinerRecord;
  const record = {
    round: 3,
    outcome: 'canonical',
    miners: [miner],
    groups: [{ group: 'code', domain: 'code', mergedUpdates: 1, scale: 0.5 }],
  } as unknown as RoundRecord;
  const explain = (changes: Partial<MinerRecord>) =>
    explanationLines(explanationOf(record, { ...miner, ...changes }, [], SAMPLE_NETWORK)).join('\n');

  it('of a merged update names its score, pay and weight', () => {
    const text = explain({});
    expect(text).toContain('uid 1 (miner-1, honest) in round 3');
    expect(text).toContain('0.76 millinats per token');
    expect(text).toContain('weight 100.0 % of its group, step scale 0.5');
    expect(text).toContain('was paid and was merged');
  });

  it('of a zero names the failed check, the reason and the next action', () => {
    const text = explain({
      scoreNanoNats: 0,
      reason: 'duplicate_of',
      detail: 'The same work as X.',
      mergeWeight: 0,
    });
    expect(text).toMatch(/not the same work as earlier work +FAILED duplicate_of/);
    expect(text).toContain('The same work as X.');
    expect(text).toContain('Next: Train on the assigned data share');
  });

  it('of a paid but unmerged update says so', () => {
    expect(explain({ mergeWeight: 0 })).toContain('was not among those merged');
  });
});
