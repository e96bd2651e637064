import type { ExpertGroupId, Uid } from '../brand.ts';
import type { ConsensusScore } from '../consensus/consensus-scores.ts';
import { decimalNumber } from '../encoding/decimal.ts';
import type { RunDefinition } from '../run/run-definition.ts';

/** What each miner's work of a round is worth within its group, relative to the others; who earned nothing is absent. */
export type GroupCredits = ReadonlyMap<ExpertGroupId, ReadonlyMap<Uid, number>>;

/**
 * Updates that a group must merge before any contribution counts. Of two updates, each one's contribution is what it adds to
 * the other alone, and mostly noise. Nobody gains by cutting a training in two there: with a rival it makes three, and
 * without one there is nobody to gain from.
 */
export const LEAST_UPDATES_TO_LEAVE_ONE_OUT = 3;

/**
 * Credit from solo score and marginal contribution. In each group, `1 − marginalShare` of the credit goes by solo score: what
 * an update gains by itself. The rest goes by what the merged step loses without the update, as far as that is positive. Two
 * miners who found the same gain are both paid by score, though neither is missed; one who found what nobody else did is paid
 * more. Where no contribution is positive, all credit goes by score.
 *
 * `contributions` are in nano-nats, by uid. Only positive scores earn: a contribution alone, without a gain that is
 * significant by itself, does not.
 */
export function groupCredits(
  scores: readonly ConsensusScore[],
  contributions: ReadonlyMap<Uid, number>,
  { emission }: Pick<RunDefinition, 'emission'>,
): GroupCredits {
  const marginalShare = decimalNumber(emission.marginalShare);
  const earning = new Map<ExpertGroupId, ConsensusScore[]>();
  for (const score of scores) {
    if (score.scoreNanoNats <= 0) continue;
    earning.set(score.group, [...(earning.get(score.group) ?? []), score]);
  }
  const credits = new Map<ExpertGroupId, ReadonlyMap<Uid, number>>();
  for (const [group, members] of earning) {
    const ordered = members.sort((a, b) => a.uid - b.uid);
    const marginal = ordered.map(({ uid }) => Math.max(0, contributions.get(uid) ?? 0));
    const soloTotal = ordered.reduce((sum, { scoreNanoNats }) => sum + scoreNanoNats, 0);
    const marginalTotal = marginal.reduce((sum, contribution) => sum + contribution, 0);
    const share = marginalTotal > 0 ? marginalShare : 0;
    const own = ordered.map(({ uid, scoreNanoNats }, i): [Uid, number] => {
      const byMarginal = share === 0 ? 0 : (share * marginal[i]!) / marginalTotal;
      return [uid, ((1 - share) * scoreNanoNats) / soloTotal + byMarginal];
    });
    credits.set(group, new Map(own));
  }
  return credits;
}
