import type { ExpertGroupId, Uid } from '../brand.ts';
import { LEAST_UPDATES_TO_LEAVE_ONE_OUT } from '../emission/credit.ts';
import type { GroupMerge } from './merge-report.ts';
import { lowerWeightedMedian, type StakeTable } from './stake.ts';

/**
 * Marginal contributions as merge reports agree on them, nano-nats: the lower stake-weighted median over the validators that
 * measured an update's. What at most half of the reporting stake measured does not count, or one validator could make up
 * contributions to a step that all others voted down.
 *
 * `accepted` are the updates to merge, by group; groups with fewer than three have no contributions, whatever reports say.
 */
export function agreedContributions(
  reports: ReadonlyMap<Uid, { readonly groups: readonly Pick<GroupMerge, 'group' | 'leaveOneOut'>[] }>,
  accepted: ReadonlyMap<ExpertGroupId, readonly { readonly uid: Uid }[]>,
  stakes: StakeTable,
): Map<Uid, number> {
  const reporting = [...reports.keys()].reduce((sum, validator) => sum + stakes.get(validator)!, 0n);
  const measured = new Map<Uid, { value: number; stake: bigint }[]>();
  for (const [validator, { groups }] of reports) {
    for (const { group, leaveOneOut } of groups) {
      const merged = new Set(accepted.get(group)?.map(({ uid }) => uid));
      if (merged.size < LEAST_UPDATES_TO_LEAVE_ONE_OUT) continue;
      // The last entry of a uid counts, and only that.
      const own = new Map(leaveOneOut.map(({ uid, contributionNanoNats }) => [uid, contributionNanoNats]));
      for (const [uid, value] of own) {
        if (!merged.has(uid)) continue;
        measured.set(uid, [...(measured.get(uid) ?? []), { value, stake: stakes.get(validator)! }]);
      }
    }
  }
  const contributions = new Map<Uid, number>();
  for (const [uid, values] of measured) {
    const stake = values.reduce((sum, { stake }) => sum + stake, 0n);
    if (2n * stake <= reporting) continue;
    const median = lowerWeightedMedian(
      values.map(({ value }) => value),
      values.map(({ stake }) => stake),
    );
    contributions.set(uid, median);
  }
  return contributions;
}
