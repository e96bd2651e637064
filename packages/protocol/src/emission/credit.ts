import type { ExpertGroupId, Uid } from '../brand.ts';
import type { ConsensusScore } from '../consensus/consensus-scores.ts';

/** What each miner's work of a round is worth within its group, in nano-nats; miners that earned nothing are absent. */
export type GroupCredits = ReadonlyMap<ExpertGroupId, ReadonlyMap<Uid, number>>;

/**
 * Credit by solo score: what an update gains by itself. Two miners who found the same gain by honest work are both paid
 * for it, though a merge needs it once; leave-one-out credit, measured in merge reports, corrects for that.
 */
export function soloCredits(scores: readonly ConsensusScore[]): GroupCredits {
  const credits = new Map<ExpertGroupId, Map<Uid, number>>();
  for (const { uid, group, scoreNanoNats } of scores) {
    if (scoreNanoNats <= 0) continue;
    const members = credits.get(group) ?? new Map<Uid, number>();
    members.set(uid, scoreNanoNats);
    credits.set(group, members);
  }
  return credits;
}
