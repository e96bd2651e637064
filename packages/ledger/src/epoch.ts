import { type Uid, yumaEpoch } from '@connito/protocol';
import type { Genesis } from './genesis.ts';
import type { ChainWeight, Neuron, NeuronPayout } from './ledger.ts';

/** What a validator last posted, and when. */
export type PostedWeights = {
  readonly uid: Uid;
  readonly block: number;
  readonly weights: readonly ChainWeight[];
};

/** Bonds `[validator][uid]`, both by uid. */
export type BondMatrix = readonly (readonly number[])[];

const SHARE_UNITS = 1_000_000_000;

/**
 * Runs the epoch that ends with `block`: Yuma over the weights of validators that posted any within the activity
 * cutoff. Uids are dense, so the vectors' index is the uid.
 */
export function runEpoch(
  block: number,
  neurons: readonly Neuron[],
  posted: readonly PostedWeights[],
  previousBonds: BondMatrix,
  genesis: Genesis,
): { readonly payouts: NeuronPayout[]; readonly bonds: BondMatrix } {
  const active = new Map(
    posted
      .filter((entry) => block - entry.block < genesis.activityCutoffBlocks)
      .map((entry) => [entry.uid, entry.weights]),
  );
  const result = yumaEpoch({
    stakes: neurons.map(({ stake }) => stake),
    validatorPermits: neurons.map(({ uid, validatorPermit }) => validatorPermit && active.has(uid)),
    weights: neurons.map(({ uid }) => weightRow(active.get(uid) ?? [], neurons.length)),
    bonds: neurons.map((_, row) => neurons.map((_, column) => previousBonds[row]?.[column] ?? 0)),
    kappa: genesis.yuma.kappaPpm / 1e6,
    bondsAlpha: genesis.yuma.bondsAlphaPpm / 1e6,
    minerShare: genesis.yuma.minerSharePpm / 1e6,
  });
  // Rounded down, so that no vector sums to more than the whole.
  const share = (value: number | undefined) => Math.floor((value ?? 0) * SHARE_UNITS);
  const payouts = neurons.map(({ uid }) => ({
    uid,
    incentive: share(result.incentive[uid]),
    dividends: share(result.dividends[uid]),
    emission: share(result.emission[uid]),
  }));
  return { payouts, bonds: result.bonds };
}

function weightRow(weights: readonly ChainWeight[], length: number): number[] {
  const row = new Array<number>(length).fill(0);
  for (const { uid, weight } of weights) if (uid < length) row[uid] = weight;
  return row;
}
