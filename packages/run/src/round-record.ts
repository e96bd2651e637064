import type { ArtifactHash, ExpertGroupId, Hotkey, Reason, StateHash, Uid } from '@connito/protocol';

/** One miner's part in a round, as the validators agreed on it. */
export type MinerRecord = {
  readonly uid: Uid;
  readonly hotkey: Hotkey;
  readonly group: ExpertGroupId;
  readonly domain: string;
  /** Agreed score in nano-nats per token; 0 comes with a reason. Null while validators have not agreed. */
  readonly scoreNanoNats: number | null;
  readonly reason: Reason | null;
  /** A sentence that belongs to the reason, such as which miner's work was copied. */
  readonly detail: string | null;
  /** One-sided 95 % bounds of the paired loss reduction on the domain, nano-nats per token, by the first validator. */
  readonly interval: readonly [number, number] | null;
  /** What the merged step would lose without this update, nano-nats per token as agreed; null where it was not measured. */
  readonly marginalNanoNats: number | null;
  /** Part of its group's pay that score and contribution come to, 0 to 1. */
  readonly creditShare: number;
  /** Weight of the update in its group's merge, 0 to 1. */
  readonly mergeWeight: number;
  /** What the last epoch of this round paid: parts per billion of all miners' incentive. */
  readonly incentive: number;
  /** Bytes of the bundle and the reveal document. */
  readonly bytesSent: number;
};

/** What a round did to one group. */
export type GroupRecord = {
  readonly group: ExpertGroupId;
  readonly domain: string;
  readonly mergedUpdates: number;
  /** Step scale the validators voted for, 0 where the group's experts stand. */
  readonly scale: number;
};

export type ValidatorRecord = {
  readonly uid: Uid;
  readonly hotkey: Hotkey;
  readonly stake: bigint;
  readonly report: ArtifactHash | null;
  readonly reported: 'in_time' | 'missing';
  readonly state: StateHash | null;
  readonly dividends: number;
};

/** One finished round's whole story, derived from ledger and store alone. */
export type RoundRecord = {
  readonly round: number;
  /** `void`: no state won more than half of the stake, and the one before stands. */
  readonly outcome: 'canonical' | 'void';
  /** The state after the round. */
  readonly state: StateHash;
  /** Whether all validators that posted a state posted this one. */
  readonly agreed: boolean;
  readonly miners: readonly MinerRecord[];
  readonly validators: readonly ValidatorRecord[];
  readonly groups: readonly GroupRecord[];
};

/** Why a miner's work earned nothing or entered no state; null where it was paid and merged. */
export function reasonOf(record: RoundRecord, miner: MinerRecord): Reason | null {
  if (miner.reason !== null) return miner.reason;
  if (miner.scoreNanoNats === null) return 'unavailable';
  if (record.outcome === 'void') return 'void_round';
  return miner.mergeWeight > 0 ? null : 'not_merged';
}
