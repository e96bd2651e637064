import type { ReplayResult } from '@connito/lab';
import { expect, test } from 'vitest';
import { labSummary, lineOf, summaryLine } from './lab-lines.ts';

const RESULT: ReplayResult = {
  ...{ kind: 'replay', name: 'replay-alie-30-krum', attack: 'alie', model: 'tiny' },
  ...{ rule: 'krum', hostileShare: 0.3 },
  ...{ lossShift: 0.0125, lostShare: 0.1, caughtBy: null, verdict: 'failed' },
  ...{ lossBefore: 4, lossAfter: 3.9, hostileEarned: 0.05, honestEarned: 0.04, reasons: {}, scales: [1, 1] },
  finishedAt: '2026-01-02T03:04:05.000Z',
};

test('a line says who earned what, what it did to the loss, and how it was caught', () => {
  expect(lineOf(RESULT)).toBe(
    'FAIL  replay-alie-30-krum   hostile 5.0 %, honest 4.0 % of pay a round; loss +12.5 millinats (10.0 % of what is learned); not caught',
  );
});

test('the summary has every field that readers of --json were promised', () => {
  expect(labSummary([RESULT])).toMatchObject({
    type: 'summary',
    ok: false,
    scenarios: [
      {
        ...{ name: 'replay-alie-30-krum', rule: 'krum', hostileShare: 0.3, hostileEarned: 0.05 },
        ...{ honestEarned: 0.04, lossShift: 0.0125, caughtBy: null },
      },
    ],
  });
  expect(summaryLine([RESULT, { ...RESULT, verdict: 'measured' }])).toBe(
    '0 withstood, 1 failed, 1 measured without a requirement.',
  );
});
