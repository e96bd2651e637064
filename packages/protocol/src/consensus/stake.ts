import type { Uid } from '../brand.ts';
import { requireArgument } from '../errors.ts';
import type { Quorum } from '../run/run-definition.ts';

/** Stake by validator uid, of all permitted validators as of the round's first block. Smallest ledger unit. */
export type StakeTable = ReadonlyMap<Uid, bigint>;

export function totalStake(stakes: StakeTable): bigint {
  let total = 0n;
  for (const stake of stakes.values()) total += stake;
  return total;
}

/** The stake of those voters that are in the table, each counted once. */
export function stakeOf(voters: Iterable<Uid>, stakes: StakeTable): bigint {
  let sum = 0n;
  for (const uid of new Set(voters)) sum += stakes.get(uid) ?? 0n;
  return sum;
}

/** Whether `part` is strictly more than the quorum's fraction of `whole`. */
export function exceedsQuorum(part: bigint, whole: bigint, { numerator, denominator }: Quorum): boolean {
  return part * BigInt(denominator) > whole * BigInt(numerator);
}

/**
 * The smallest value such that values up to it carry at least half of the stake: the lower of the two medians where half
 * the stake lies exactly on each side. Less than half of the stake cannot move it past the others' values.
 */
export function lowerWeightedMedian(values: readonly number[], stakes: readonly bigint[]): number {
  requireArgument(
    values.length > 0 && values.length === stakes.length,
    'A weighted median needs a stake per value.',
  );
  const ordered = values.map((value, i) => ({ value, stake: stakes[i]! })).sort((a, b) => a.value - b.value);
  const total = ordered.reduce((sum, { stake }) => sum + stake, 0n);
  let below = 0n;
  for (const { value, stake } of ordered) {
    below += stake;
    if (2n * below >= total && below > 0n) return value;
  }
  // All stakes are zero: no value is better supported, so the lowest stands.
  return ordered[0]!.value;
}
