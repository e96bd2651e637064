import type { ExpertGroupId, RunId, Uid } from '../brand.ts';
import { fromHex, toHex, uint32Bytes, utf8 } from '../encoding/bytes.ts';
import { taggedHash } from '../encoding/hash.ts';
import { SeededRandom } from '../encoding/random.ts';
import { requireArgument } from '../errors.ts';
import type { RunDefinition } from '../run/run-definition.ts';
import { groupOf } from '../tensor/expert-tensors.ts';

/** A miner as registered at the round's first block. `declared` holds group numbers, or null for "any group". */
export type RegisteredMiner = { readonly uid: Uid; readonly declared: readonly number[] | null };

/**
 * The group each miner trains, as a pure function of the run and the registered miners, the same in every round.
 *
 * Miners that declared fewer groups choose first, then lower uids; each goes to the allowed group with the fewest miners
 * so far, ties by a hash of run, uid and group. So groups stay balanced, and a newly registered miner moves nobody who
 * can serve at least as few groups and has a lower uid. A declaration that names no existing group counts as none.
 */
export function assignGroups(
  definition: RunDefinition,
  run: RunId,
  miners: readonly RegisteredMiner[],
): ReadonlyMap<Uid, ExpertGroupId> {
  const { groups } = definition;
  const all = groups.map((_, number) => number);
  const members = groups.map(() => 0);
  const choices = miners.map(({ uid, declared }) => {
    const known = [...new Set(declared ?? all)].filter((number) => number < groups.length);
    return { uid, allowed: known.length === 0 ? all : known };
  });
  choices.sort((a, b) => a.allowed.length - b.allowed.length || a.uid - b.uid);

  const assigned = new Map<Uid, ExpertGroupId>();
  for (const { uid, allowed } of choices) {
    const fewest = Math.min(...allowed.map((number) => members[number]!));
    const tied = allowed.filter((number) => members[number] === fewest);
    const preference = (number: number) =>
      toHex(taggedHash('connito/1/group-tie', fromHex(run, 32), uint32Bytes(uid), utf8(groups[number]!.id)));
    const chosen = tied.reduce((best, number) => (preference(number) < preference(best) ? number : best));
    members[chosen] = members[chosen]! + 1;
    assigned.set(uid, groups[chosen]!.id);
  }
  return assigned;
}

/** Document numbers of a group's training source that one miner trains on in one round. */
export type DataShare = { readonly source: string; readonly documents: Uint32Array };

/**
 * Splits a group's training documents among its miners: a permutation drawn anew for each round is cut into parts whose
 * sizes differ by at most one. All documents are used, no two miners share one, and every miner sees all parts in time.
 */
export function dataShares(
  definition: RunDefinition,
  run: RunId,
  round: number,
  group: ExpertGroupId,
  members: readonly Uid[],
): ReadonlyMap<Uid, DataShare> {
  const { trainingSource } = groupOf(definition, group);
  const source = definition.sources.find(({ id }) => id === trainingSource);
  requireArgument(source !== undefined, `The run has no source "${trainingSource}".`);
  const documents = Uint32Array.from({ length: source.documents }, (_, i) => i);
  const seed = taggedHash('connito/1/data-share', fromHex(run, 32), uint32Bytes(round), utf8(group));
  new SeededRandom(seed).shuffle(documents);

  const shares = new Map<Uid, DataShare>();
  const ordered = [...members].sort((a, b) => a - b);
  for (const [i, uid] of ordered.entries()) {
    const start = Math.floor((i * documents.length) / ordered.length);
    const end = Math.floor(((i + 1) * documents.length) / ordered.length);
    shares.set(uid, { source: trainingSource, documents: documents.slice(start, end) });
  }
  return shares;
}

/** One miner's task in one round. */
export type Assignment = { readonly group: ExpertGroupId; readonly share: DataShare };

/** The task of every registered miner in a round. */
export function assignRound(
  definition: RunDefinition,
  run: RunId,
  round: number,
  miners: readonly RegisteredMiner[],
): ReadonlyMap<Uid, Assignment> {
  const assigned = assignGroups(definition, run, miners);
  const tasks = new Map<Uid, Assignment>();
  for (const { id } of definition.groups) {
    const members = [...assigned].filter(([, group]) => group === id).map(([uid]) => uid);
    for (const [uid, share] of dataShares(definition, run, round, id, members))
      tasks.set(uid, { group: id, share });
  }
  return tasks;
}
