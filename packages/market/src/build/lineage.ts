import { DECIMAL_ONE, decimalUnits, type ExpertGroupId, type Hotkey } from '@connito/protocol';
import type { RoundRecord } from '@connito/run';
import { largestRemainder } from '../largest-remainder.ts';
import { type ExpertManifest, SHARE_UNITS } from '../package/expert-manifest.ts';

export type LineageShares = Pick<ExpertManifest['lineage'], 'lastRound' | 'mergedRounds' | 'miners'>;

/**
 * Who trained a group's experts, and how much of it, from the rounds' records alone, which anybody derives from ledger and
 * store. A round counts by what its merged updates gained together (their agreed scores, nano-nats) times the step that was
 * taken, and is split over them by the credit that paid them: solo score and marginal contribution. Void rounds, rounds that
 * gained nothing, and updates that entered no state count for nothing. Null where the group never took a step.
 */
export function lineageOf(records: readonly RoundRecord[], group: ExpertGroupId): LineageShares | null {
  const points = new Map<Hotkey, bigint>();
  let lastRound = -1;
  let mergedRounds = 0;
  for (const { round, outcome, groups, miners } of records) {
    const step = groups.find((candidate) => candidate.group === group);
    const merged = miners.filter((miner) => miner.group === group && miner.mergeWeight > 0);
    if (outcome !== 'canonical' || step === undefined || step.scale <= 0 || merged.length === 0) continue;
    lastRound = round;
    mergedRounds += 1;
    const gained = merged.reduce((sum, { scoreNanoNats }) => sum + BigInt(scoreNanoNats ?? 0), 0n);
    // A rule may merge what did not help; nobody loses the share of other rounds by it.
    if (gained <= 0n) continue;
    for (const { hotkey, creditShare } of merged) {
      // A credit is a quotient of integers in doubles: the same on every machine, and so are its billionths.
      const credit = BigInt(Math.round(creditShare * SHARE_UNITS));
      const earned = gained * scaleUnits(step.scale) * credit;
      points.set(hotkey, (points.get(hotkey) ?? 0n) + earned);
    }
  }
  const claims = [...points].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, weight]) => ({ key, weight }));
  const shares = largestRemainder(BigInt(SHARE_UNITS), claims);
  const miners = [...shares]
    .filter(([, share]) => share > 0n)
    .map(([hotkey, share]) => ({ hotkey, share: Number(share) }));
  return miners.length === 0 ? null : { lastRound, mergedRounds, miners };
}

/** A step scale, a short decimal such as 0.125, in millionths. */
function scaleUnits(scale: number): bigint {
  return (decimalUnits(String(scale)) * 1_000_000n) / DECIMAL_ONE;
}
