import type { ExpertGroupId, Hotkey, Uid } from '../brand.ts';
import type { Reason } from '../reasons.ts';
import type { RunDefinition } from '../run/run-definition.ts';
import type { DuplicateVerdict, MinerOutcome } from './report.ts';
import { exceedsQuorum, lowerWeightedMedian, type StakeTable, stakeOf, totalStake } from './stake.ts';

/** A counted report: in its window, attested, and signed by the validator of this uid. */
export type CountedReport = { readonly validator: Uid; readonly outcomes: readonly MinerOutcome[] };

export type ConsensusScore = {
  readonly uid: Uid;
  readonly hotkey: Hotkey;
  readonly group: ExpertGroupId;
  readonly scoreNanoNats: number;
  /** Why the score is zero; null where it is positive. */
  readonly reason: Reason | null;
  readonly duplicateOf: { readonly hotkey: Hotkey; readonly round: number } | null;
  /** Stake that measured or refused the update, without abstentions. */
  readonly judgedStake: bigint;
};

/**
 * One score per miner: the lower stake-weighted median of what validators reported. Abstentions and missing reports are
 * not scores; unless more than the score quorum of all stake judged, the update is `unavailable`, which costs the miner
 * nothing but this round's pay. A duplicate verdict needs more than the duplicate quorum of all stake, so that no
 * minority can turn a victim into a copy.
 */
export function consensusScores(
  reports: readonly CountedReport[],
  stakes: StakeTable,
  quorums: RunDefinition['validators'],
): ConsensusScore[] {
  const total = totalStake(stakes);
  const byMiner = new Map<Uid, { readonly validator: Uid; readonly outcome: MinerOutcome }[]>();
  for (const { validator, outcomes } of reports) {
    if (!stakes.has(validator)) continue;
    for (const outcome of outcomes) {
      const known = byMiner.get(outcome.uid) ?? [];
      known.push({ validator, outcome });
      byMiner.set(outcome.uid, known);
    }
  }
  return [...byMiner]
    .sort(([a], [b]) => a - b)
    .map(([uid, reported]) => {
      const judged = reported.filter(({ outcome }) => outcome.kind !== 'abstained');
      const judgedStake = stakeOf(
        judged.map(({ validator }) => validator),
        stakes,
      );
      const { hotkey, group } = reported[0]!.outcome;
      const verdict = { uid, hotkey, group, judgedStake, scoreNanoNats: 0, duplicateOf: null } as const;
      if (!exceedsQuorum(judgedStake, total, quorums.scoreQuorum))
        return { ...verdict, reason: 'unavailable' };

      const duplicate = duplicateMajority(judged, stakes);
      if (duplicate !== null && exceedsQuorum(duplicate.stake, total, quorums.duplicateQuorum)) {
        const { reason, of, round } = duplicate.verdict;
        return { ...verdict, reason, duplicateOf: { hotkey: of, round } };
      }
      const scores = judged.map(({ outcome }) => (outcome.kind === 'scored' ? outcome.scoreNanoNats : 0));
      const scoreNanoNats = lowerWeightedMedian(
        scores,
        judged.map(({ validator }) => stakes.get(validator)!),
      );
      if (scoreNanoNats > 0) return { ...verdict, scoreNanoNats, reason: null };
      return { ...verdict, reason: leadingReason(judged, stakes) };
    });
}

type Judged = readonly { readonly validator: Uid; readonly outcome: MinerOutcome }[];

/** The stake that calls the update a duplicate, of whatever it may be, and the best-supported original. */
function duplicateMajority(
  judged: Judged,
  stakes: StakeTable,
): { stake: bigint; verdict: DuplicateVerdict } | null {
  let stake = 0n;
  const support = new Map<string, { stake: bigint; verdict: DuplicateVerdict }>();
  for (const { validator, outcome } of judged) {
    if (outcome.kind !== 'scored' || outcome.duplicate === null) continue;
    const own = stakes.get(validator)!;
    stake += own;
    const key = `${outcome.duplicate.of}/${String(outcome.duplicate.round).padStart(10, '0')}`;
    support.set(key, { stake: (support.get(key)?.stake ?? 0n) + own, verdict: outcome.duplicate });
  }
  const leading = mostSupported(support);
  return leading === null ? null : { stake, verdict: leading.verdict };
}

function leadingReason(judged: Judged, stakes: StakeTable): Reason {
  const support = new Map<string, { stake: bigint; reason: Reason }>();
  for (const { validator, outcome } of judged) {
    const reason = outcome.reason;
    if (reason === null) continue;
    support.set(reason, { stake: (support.get(reason)?.stake ?? 0n) + stakes.get(validator)!, reason });
  }
  return mostSupported(support)?.reason ?? 'no_gain';
}

/** The entry with the most stake, ties to the smaller key, so that all nodes name the same one. */
function mostSupported<Entry extends { readonly stake: bigint }>(
  support: ReadonlyMap<string, Entry>,
): Entry | null {
  let best: { readonly key: string; readonly entry: Entry } | null = null;
  for (const [key, entry] of support) {
    const wins =
      best === null || entry.stake > best.entry.stake || (entry.stake === best.entry.stake && key < best.key);
    if (wins) best = { key, entry };
  }
  return best?.entry ?? null;
}
