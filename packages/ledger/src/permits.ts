import type { Hotkey, Uid } from '@connito/protocol';
import type { Genesis } from './genesis.ts';
import type { Neuron } from './ledger.ts';

/** A registered neuron as stored, before stake and permit are known. */
export type Registration = {
  readonly uid: Uid;
  readonly hotkey: Hotkey;
  readonly endpoint: string | null;
  readonly registeredAtBlock: number;
};

/** Stake by hotkey, read once from genesis. */
export type StakeBook = ReadonlyMap<Hotkey, bigint>;

/** Neurons with stake, and permits for those with the most of it. Equal stakes are ordered by uid. */
export function withPermits(
  registrations: readonly Registration[],
  stakes: StakeBook,
  genesis: Pick<Genesis, 'maxValidators' | 'minValidatorStake'>,
): Neuron[] {
  const minStake = BigInt(genesis.minValidatorStake);
  const staked = registrations.map((neuron) => ({ ...neuron, stake: stakes.get(neuron.hotkey) ?? 0n }));
  const permitted = new Set(
    staked
      .filter(({ stake }) => stake > 0n && stake >= minStake)
      .sort((a, b) => (a.stake === b.stake ? a.uid - b.uid : a.stake < b.stake ? 1 : -1))
      .slice(0, genesis.maxValidators)
      .map(({ uid }) => uid),
  );
  return staked.map((neuron) => ({ ...neuron, validatorPermit: permitted.has(neuron.uid) }));
}
