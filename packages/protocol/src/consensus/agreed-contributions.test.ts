import { describe, expect, it } from 'vitest';
import type { ExpertGroupId, Uid } from '../brand.ts';
import { agreedContributions } from './agreed-contributions.ts';

const LAW = 'law' as ExpertGroupId;
const uidsOf = (...uids: number[]) => uids.map((uid) => ({ uid: uid as Uid }));
/** What one validator measured, contributions by uid. */
const reportOf = (contributions: Readonly<Record<number, number>>) => ({
  groups: [
    {
      group: LAW,
      leaveOneOut: Object.entries(contributions).map(([uid, contributionNanoNats]) => ({
        ...{ uid: Number(uid) as Uid, contributionNanoNats },
        ...{ lowerNanoNats: contributionNanoNats, upperNanoNats: contributionNanoNats },
      })),
    },
  ],
});
const stakes = new Map([0, 1, 2].map((uid) => [uid as Uid, 10n]));
const agreed = (
  reports: readonly Readonly<Record<number, number>>[],
  merged: readonly { readonly uid: Uid }[],
) =>
  agreedContributions(
    new Map(reports.map((report, validator) => [validator as Uid, reportOf(report)])),
    new Map([[LAW, merged]]),
    stakes,
  );

describe('agreed contributions', () => {
  it('are the lower median over validators, of merged updates only', () => {
    const reports = [
      { 5: 1, 6: 10, 7: 3, 9: 99 },
      { 5: 2, 6: 20, 7: 3 },
      { 5: 900, 6: -5 },
    ];
    expect([...agreed(reports, uidsOf(5, 6, 7))]).toEqual([
      [5, 2],
      [6, 10],
      [7, 3],
    ]);
  });

  it('do not exist where fewer than three updates are merged, whatever reports say', () => {
    const reports = [
      { 5: 1, 6: 10 },
      { 5: 2, 6: 20 },
      { 5: 3, 6: 20 },
    ];
    expect(agreed(reports, uidsOf(5, 6)).size).toBe(0);
  });

  it('cannot be made up by a validator that alone measured a step', () => {
    expect(agreed([{}, {}, { 5: 1_000_000, 6: 0, 7: 0 }], uidsOf(5, 6, 7)).size).toBe(0);
  });
});
