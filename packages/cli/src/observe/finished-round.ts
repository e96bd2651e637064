import { NANO_NATS_PER_NAT } from '@connito/protocol';
import type { LossReport, RoundRecord } from '@connito/run';
import type { Network } from '../network/network-file.ts';
import type { FinishedRound } from './network-event.ts';

const PARTS_PER_BILLION = 1e9;

/** A round as validators agreed on it, with its reporting losses and the names of this network's own file. */
export function finishedRound(record: RoundRecord, losses: LossReport, network: Network): FinishedRound {
  const miners = new Map(network.miners.map((miner) => [miner.hotkey, miner]));
  const validators = new Map(network.validators.map((validator) => [validator.hotkey, validator]));
  return {
    round: record.round,
    outcome: record.outcome,
    stateHash: record.state,
    agreed: record.agreed,
    generalLossBefore: losses.general.before,
    generalLossAfter: losses.general.after,
    groups: losses.groups.map((group) => {
      const merged = record.groups.find(({ domain }) => domain === group.domain);
      return { ...group, mergedUpdates: merged?.mergedUpdates ?? 0, scale: merged?.scale ?? 0 };
    }),
    miners: record.miners.map((miner) => {
      const known = miners.get(miner.hotkey);
      return {
        uid: miner.uid,
        hotkey: miner.hotkey,
        name: known?.name ?? `uid ${miner.uid}`,
        behaviour: known?.behaviour ?? 'unknown',
        domain: miner.domain,
        score: (miner.scoreNanoNats ?? 0) / NANO_NATS_PER_NAT,
        // Without agreed reports there is no verdict, which the protocol calls unavailable.
        reason: miner.scoreNanoNats === null ? 'unavailable' : miner.reason,
        detail: miner.detail,
        incentive: miner.incentive / PARTS_PER_BILLION,
        mergeWeight: miner.mergeWeight,
        bytesSent: miner.bytesSent,
      };
    }),
    validators: record.validators.map(({ uid, hotkey, reported, state }) => ({
      uid,
      name: validators.get(hotkey)?.name ?? `uid ${uid}`,
      reported: reported === 'in_time',
      stateHash: state,
    })),
  };
}
