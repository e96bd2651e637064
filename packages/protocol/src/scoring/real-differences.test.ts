import { beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '../encoding/random.ts';
import fixture from '../fixtures/real-differences.json' with { type: 'json' };
import { seedOf } from '../testing/example-run.ts';
import { isFutile } from './futility.ts';
import { lowerConfidenceBound, pairedStatistics } from './paired-statistics.ts';
import { studentQuantile } from './student-t.ts';

const { domainSequences: n, minGainNanoNats, updates } = fixture;
const stated = Number(fixture.falseRewardRate);
const RESAMPLES = 2000;
/** Three standard errors of the stated rate in so many resamples. */
const SLACK = 3 * Math.sqrt((stated * (1 - stated)) / RESAMPLES);
/** Sequences between two looks at futility. */
const BATCH = 8;

type Counted = { readonly shipped: number; readonly student: number; readonly kept: number };

/** How often each rule rewards an update whose differences are moved to a mean of exactly zero, of `RESAMPLES` draws. */
function countRewards({ kind, gains }: (typeof updates)[number]): Counted {
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const centred = gains.map((gain) => gain - mean);
  const random = new SeededRandom(seedOf(`real differences/${kind}`));
  const t = studentQuantile(stated, n - 1);
  const counted = { shipped: 0, student: 0, kept: 0 };
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const drawn = Float64Array.from({ length: n }, () => centred[random.nextBelow(centred.length)]!);
    const rewarded = lowerConfidenceBound(drawn, stated) >= minGainNanoNats;
    const { mean: gain, standardError } = pairedStatistics(drawn, stated);
    if (rewarded) counted.shipped += 1;
    if (gain - t * standardError > 0) counted.student += 1;
    let isStopped = false;
    for (let seen = BATCH; seen < n; seen += BATCH)
      isStopped ||= isFutile(drawn.subarray(0, seen), n, stated);
    if (rewarded && !isStopped) counted.kept += 1;
  }
  return counted;
}

// The hardest real update of each kind, of ninety: see bench/proof-of-loss.
describe('false rewards on real differences of the shipped foundation', () => {
  const counted = new Map<string, Counted>();
  beforeAll(() => {
    for (const update of updates) counted.set(update.kind, countRewards(update));
  });

  it.each(updates.map(({ kind, domain, round }) => ({ kind, domain, round })))(
    'stay within the stated rate: $kind, $domain, round $round',
    ({ kind }) => {
      expect(counted.get(kind)!.shipped / RESAMPLES).toBeLessThan(stated + SLACK);
    },
  );

  it('stay within it over all kinds together, without slack', () => {
    const rewarded = [...counted.values()].reduce((sum, { shipped }) => sum + shipped, 0);
    expect(rewarded / RESAMPLES / updates.length).toBeLessThan(stated);
  });

  it('are never added to by stopping early', () => {
    for (const { shipped, kept } of counted.values()) expect(kept).toBeLessThanOrEqual(shipped);
  });

  it('would be many by Student’s bound alone, where an update changes next to nothing', () => {
    expect(counted.get('random direction, a tenth')!.student / RESAMPLES).toBeGreaterThan(5 * stated);
  });
});
