import type { Uid } from '../brand.ts';
import { decimalNumber } from '../encoding/decimal.ts';
import type { RunDefinition } from '../run/run-definition.ts';
import type { GroupCredits } from './credit.ts';

export const MAX_CHAIN_WEIGHT = 65_535;

/**
 * The chain weights a validator posts: emission is split over groups by the run definition and within a group in
 * proportion to credit. The share of a group in which nobody earned goes to `emission.burnUid`: giving it to the other
 * groups would reward a crowd for deserting a hard domain. Where the run names no burn uid, the chain still pays out all
 * emission, so the other groups get that share in proportion to theirs. Where nobody earned and there is no burn uid,
 * the list is empty and the validator posts nothing.
 *
 * By uid; the largest weight is 65535, as the chain rescales it anyway, and weights that round to 0 are left out.
 */
export function chainWeights(
  credits: GroupCredits,
  { groups, emission }: Pick<RunDefinition, 'groups' | 'emission'>,
): { readonly uid: Uid; readonly weight: number }[] {
  const shares = new Map<Uid, number>();
  const add = (uid: Uid, share: number) => shares.set(uid, (shares.get(uid) ?? 0) + share);
  for (const { id, emissionShare } of groups) {
    const members = [...(credits.get(id) ?? [])].filter(([, credit]) => credit > 0).sort(([a], [b]) => a - b);
    const total = members.reduce((sum, [, credit]) => sum + credit, 0);
    const groupShare = decimalNumber(emissionShare);
    for (const [uid, credit] of members) add(uid, (groupShare * credit) / total);
    if (members.length === 0 && emission.burnUid !== null) add(emission.burnUid, groupShare);
  }
  const largest = Math.max(0, ...shares.values());
  if (largest === 0) return [];
  return [...shares]
    .map(([uid, share]) => ({ uid, weight: Math.round((share / largest) * MAX_CHAIN_WEIGHT) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => a.uid - b.uid);
}
