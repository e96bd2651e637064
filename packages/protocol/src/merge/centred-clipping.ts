import { gramMatrix, squaredDistance, type WholeUpdates } from './whole-updates.ts';

/** The centre moves little after the third step; more would cost no passes over the values, but gain nothing either. */
const ITERATIONS = 3;

/**
 * Centred clipping (Karimireddy et al. 2021): from no change at all, the centre moves by the mean of the updates' distances
 * from it, each shortened to a radius: `v ← v + Σ min(1, τ / ‖x_i − v‖) (x_i − v) / n`. The radius is the lower median distance
 * from the centre, so that it needs no tuning and half of the updates pass whole. Since every step is a sum of updates, the
 * centre is kept as the factors of that sum, and distances come from inner products.
 */
export function centredClipping(updates: WholeUpdates): readonly number[] {
  const n = updates.deltas.length;
  const gram = gramMatrix(updates);
  let centre = new Array<number>(n).fill(0);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const distances = centre.map((_, i) => Math.sqrt(squaredDistance(gram, i, centre)));
    const radius = [...distances].sort((a, b) => a - b)[(n - 1) >> 1]!;
    const pulls = distances.map((distance) => (distance > radius ? radius / distance : 1) / n);
    let kept = 1;
    for (const pull of pulls) kept -= pull;
    centre = centre.map((factor, i) => factor * kept + pulls[i]!);
  }
  return centre.map(Math.fround);
}
