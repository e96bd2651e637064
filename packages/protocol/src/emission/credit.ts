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
 * Credit from solo score and marginal contribution. In each group an update's credit is
 *
 *     max(0, score + marginalWeight · (n − 1) · contribution)
 *
 * where the contribution is what the merged step of `n` updates loses without it. In a mean, one update less changes little: the
 * others weigh more. `n − 1` undoes that, as in the jackknife's pseudo-values (Tukey 1958). So two miners who found the same gain
 * are both paid by score, though neither is missed; pieces of one training, which dilute the mean, are paid less than the
 * whole; and measurement noise moves a pay by no more than its own size.
 *
 * `contributions` are in nano-nats, by uid, and absent for updates that were not merged. Only positive scores earn: a
 * contribution alone, without a gain that is significant by itself, does not. Where nothing is left for anybody, all credit goes by score.
 */
export function groupCredits(
  scores: readonly ConsensusScore[],
  contributions: ReadonlyMap<Uid, number>,
  { emission }: Pick<RunDefinition, 'emission'>,
): GroupCredits {
  const weight = decimalNumber(emission.marginalWeight);
  const earning = new Map<ExpertGroupId, ConsensusScore[]>();
  for (const score of scores) {
    if (score.scoreNanoNats <= 0) continue;
    earning.set(score.group, [...(earning.get(score.group) ?? []), score]);
  }
  const credits = new Map<ExpertGroupId, ReadonlyMap<Uid, number>>();
  for (const [group, members] of earning) {
    const ordered = members.sort((a, b) => a.uid - b.uid);
    const solo = ordered.map(({ scoreNanoNats }) => scoreNanoNats);
    const others = ordered.filter(({ uid }) => contributions.has(uid)).length - 1;
    const both = ordered.map(({ uid }, i) =>
      Math.max(0, solo[i]! + weight * others * (contributions.get(uid) ?? 0)),
    );
    const values = both.some((value) => value > 0) ? both : solo;
    const total = values.reduce((sum, value) => sum + value, 0);
    credits.set(group, new Map(ordered.map(({ uid }, i) => [uid, values[i]! / total])));
  }
  return credits;
}
