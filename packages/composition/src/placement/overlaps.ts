import type { ExpertSet } from '@connito/model';

/** Two specialists that trained the same expert. */
export type Overlap = {
  readonly layer: number;
  readonly expert: number;
  /** Ids, in the order given. */
  readonly specialists: readonly string[];
};

/** Every expert that more than one specialist trained, by layer, then expert. */
export function overlapsOf(
  specialists: readonly { readonly id: string; readonly experts: ExpertSet }[],
): Overlap[] {
  const owners = new Map<string, { layer: number; expert: number; specialists: string[] }>();
  for (const { id, experts } of specialists) {
    for (const [layer, indices] of experts) {
      for (const expert of indices) {
        const owner = owners.get(`${layer}/${expert}`) ?? { layer, expert, specialists: [] };
        owner.specialists.push(id);
        owners.set(`${layer}/${expert}`, owner);
      }
    }
  }
  return [...owners.values()]
    .filter((owner) => owner.specialists.length > 1)
    .sort((a, b) => a.layer - b.layer || a.expert - b.expert);
}

/** Share of the smaller group that the other one trains too. */
export function overlapShare(a: ExpertSet, b: ExpertSet): number {
  const size = (experts: ExpertSet) => [...experts.values()].reduce((sum, list) => sum + list.length, 0);
  let common = 0;
  for (const [layer, experts] of a) {
    common += experts.filter((expert) => b.get(layer)?.includes(expert)).length;
  }
  return common / Math.min(size(a), size(b));
}
