import { describe, expect, it } from 'vitest';
import { checkOf, checkResults } from './checks.ts';
import { REASON_CODES } from './reasons.ts';

describe('the checks', () => {
  it('cover every reason for a zero score', () => {
    const afterScoring = ['not_merged', 'void_round'];
    for (const reason of REASON_CODES.filter((code) => !afterScoring.includes(code))) {
      expect(checkResults(reason).filter(({ result }) => result === 'failed')).toMatchObject([{ reason }]);
    }
  });

  it('all passed where nothing was wrong with the update', () => {
    for (const reason of [null, 'not_merged', 'void_round'] as const) {
      expect(checkResults(reason).every(({ result }) => result === 'passed')).toBe(true);
    }
  });

  it('before the failed one passed, after it were not reached', () => {
    const results = checkResults('non_finite_loss').map(({ result }) => result);
    const failed = results.indexOf('failed');
    expect(new Set(results.slice(0, failed))).toEqual(new Set(['passed']));
    expect(new Set(results.slice(failed + 1))).toEqual(new Set(['not reached']));
  });

  it('are unknown where validators could not judge', () => {
    expect(checkResults('unavailable')[0]!.result).toBe('unknown');
  });

  it('name the one that a reason fails', () => {
    expect(checkOf('bad_signature')).toBe('signed by the hotkey that committed');
    expect(checkOf('not_merged')).toBeNull();
  });
});
