/** Losses in reports are integers of 10^-9 nats per token, so that their sums are exact and everybody reads the same. */
export const NANO_NATS_PER_NAT = 1_000_000_000;

/**
 * The largest loss a report can carry. A token of a vocabulary of millions costs 15 nats when guessed uniformly; a model
 * beyond this bound is broken, and its sums would leave the safe integers.
 */
export const MAX_LOSS_NATS = 1000;

/**
 * Losses in nats per token, rounded to nano-nats; null if a single one is not finite or beyond `MAX_LOSS_NATS`. There is
 * no way to leave sequences out.
 */
export function toNanoNats(losses: ArrayLike<number>): Float64Array | null {
  const rounded = new Float64Array(losses.length);
  for (let j = 0; j < losses.length; j++) {
    const loss = losses[j]!;
    if (!(Math.abs(loss) <= MAX_LOSS_NATS)) return null;
    // Adding zero turns −0, which has no canonical encoding, into 0.
    rounded[j] = Math.round(loss * NANO_NATS_PER_NAT) + 0;
  }
  return rounded;
}
