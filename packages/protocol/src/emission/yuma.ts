import { requireArgument } from '../errors.ts';

/** All arrays are indexed by uid and have the same length n. */
export type YumaInput = {
  readonly stakes: readonly bigint[];
  readonly validatorPermits: readonly boolean[];
  /** Chain weights `[validator][uid]`, 0..65535; rows without a permit and self-weights are ignored. */
  readonly weights: readonly (readonly number[])[];
  /** Bonds `[validator][uid]` after the previous epoch; zeros at first. */
  readonly bonds: readonly (readonly number[])[];
  /** Stake majority that a weight must have behind it, 0.5 on Bittensor. */
  readonly kappa: number;
  /** Part of the new bonds that is due to this epoch, 0.1 on Bittensor. */
  readonly bondsAlpha: number;
  /** Part of the emission that goes to miners by incentive, 0.5 on Bittensor; validators get the rest. */
  readonly minerShare: number;
};

/** Vectors are indexed by uid; `incentive`, `dividends` and `emission` each sum to 1, or to 0 where nothing was earned. */
export type YumaResult = {
  readonly consensus: readonly number[];
  readonly trust: readonly number[];
  readonly validatorTrust: readonly number[];
  readonly incentive: readonly number[];
  readonly dividends: readonly number[];
  readonly bonds: readonly (readonly number[])[];
  readonly emission: readonly number[];
};

/**
 * One epoch of Yuma consensus as Bittensor's chain computes it, in doubles instead of fixed point. Weights above what
 * `kappa` of the stake supports are clipped to that, so a minority cannot lift its own miner; dividends follow bonds,
 * which grow with a validator's weights only as far as the majority agrees.
 *
 * Only `+ − × ÷` in a fixed order: equal inputs give equal bits everywhere.
 */
export function yumaEpoch(input: YumaInput): YumaResult {
  const { stakes, validatorPermits, kappa, bondsAlpha, minerShare } = input;
  const n = stakes.length;
  const sizes = [validatorPermits.length, input.weights.length, input.bonds.length];
  requireArgument(
    sizes.every((size) => size === n) && [...input.weights, ...input.bonds].every((row) => row.length === n),
    `Yuma needs vectors and matrices of the same ${n} uids.`,
  );
  const uids = Array.from({ length: n }, (_, uid) => uid);
  const permitted = stakes.map((stake, uid) => (validatorPermits[uid] ? stake : 0n));
  const stake = normalised(permitted.map(Number));
  const weights = input.weights.map((row, i) =>
    normalised(row.map((weight, j) => (validatorPermits[i] && i !== j ? weight : 0))),
  );

  const column = (matrix: readonly (readonly number[])[], j: number) => matrix.map((row) => row[j]!);
  const weighted = (matrix: readonly (readonly number[])[], j: number) => dot(stake, column(matrix, j));

  const consensus = uids.map((j) => consensusWeight(column(weights, j), permitted, kappa));
  const clipped = weights.map((row) => row.map((weight, j) => Math.min(weight, consensus[j]!)));
  const rank = uids.map((j) => weighted(clipped, j));
  const trust = uids.map((j) => quotient(rank[j]!, weighted(weights, j)));
  const incentive = normalised(rank);

  const fresh = columnNormalised(clipped.map((row, i) => row.map((weight) => weight * stake[i]!)));
  const previous = columnNormalised(input.bonds);
  const bonds = columnNormalised(
    fresh.map((row, i) => row.map((bond, j) => bondsAlpha * bond + (1 - bondsAlpha) * previous[i]![j]!)),
  );
  const dividends = normalised(bonds.map((row) => dot(row, incentive)));
  const earned = normalised(
    uids.map((uid) => minerShare * incentive[uid]! + (1 - minerShare) * dividends[uid]!),
  );
  // As on the chain: where nobody set weights, emission follows the validators' stake.
  const emission = earned.some((share) => share > 0) ? earned : stake;
  return { consensus, trust, validatorTrust: clipped.map(sum), incentive, dividends, bonds, emission };
}

/** The largest weight that more than `1 − kappa` of the stake, counted from below, does not exceed. */
function consensusWeight(weights: readonly number[], stakes: readonly bigint[], kappa: number): number {
  const total = stakes.reduce((all, stake) => all + stake, 0n);
  if (total === 0n) return 0;
  const order = weights
    .map((weight, i) => ({ weight, stake: stakes[i]! }))
    .sort((a, b) => a.weight - b.weight);
  let below = 0n;
  for (const { weight, stake } of order) {
    below += stake;
    if (Number(below) / Number(total) > 1 - kappa) return weight;
  }
  return order.at(-1)?.weight ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, i) => total + value * b[i]!, 0);
}

function quotient(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

function normalised(values: readonly number[]): number[] {
  const total = sum(values);
  return values.map((value) => quotient(value, total));
}

function columnNormalised(matrix: readonly (readonly number[])[]): number[][] {
  const totals = (matrix[0] ?? []).map((_, j) => sum(matrix.map((row) => row[j]!)));
  return matrix.map((row) => row.map((value, j) => quotient(value, totals[j]!)));
}
