import { gramMatrix, type WholeUpdates } from './whole-updates.ts';

/** Fewer updates have no neighbours that could outvote a stranger; the shares of the scores stand instead. */
const FEWEST = 3;

/**
 * Krum (Blanchard et al. 2017): the one update whose `n − f − 2` nearest others are closest to it, in squared distance after
 * norm clipping. `f` is `hostileFraction · n` rounded down, but never so large that no neighbour is left. Its guarantee needs
 * `n ≥ 2f + 3`. Equal distances: the higher score stands, then the earlier in uid order, which only updates of equal score and
 * equal distances can meet.
 */
export function krum(updates: WholeUpdates): readonly number[] {
  const { deltas, shares } = updates;
  if (deltas.length < FEWEST) return shares;
  const [best] = byKrumScore(updates);
  return deltas.map((_, i) => (i === best ? 1 : 0));
}

/** Multi-Krum: the mean of the `n − f` updates with the best Krum scores, which `krum` takes one of. */
export function multiKrum(updates: WholeUpdates): readonly number[] {
  const { deltas, shares } = updates;
  if (deltas.length < FEWEST) return shares;
  const kept = new Set(byKrumScore(updates).slice(0, deltas.length - assumedHostile(updates)));
  const share = Math.fround(1 / kept.size);
  return deltas.map((_, i) => (kept.has(i) ? share : 0));
}

function assumedHostile({ deltas, hostileFraction }: WholeUpdates): number {
  return Math.min(Math.floor(hostileFraction * deltas.length), deltas.length - FEWEST);
}

/** Indices of the updates, the best Krum score first. */
function byKrumScore(updates: WholeUpdates): number[] {
  const { deltas, shares } = updates;
  const gram = gramMatrix(updates);
  const neighbours = deltas.length - assumedHostile(updates) - 2;
  const scores = deltas.map((_, i) => {
    const distances = deltas
      .flatMap((_, j) => (j === i ? [] : [Math.max(0, gram[i]![i]! + gram[j]![j]! - 2 * gram[i]![j]!)]))
      .sort((a, b) => a - b);
    let sum = 0;
    for (const distance of distances.slice(0, neighbours)) sum += distance;
    return sum;
  });
  return deltas.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]! || shares[b]! - shares[a]! || a - b);
}
