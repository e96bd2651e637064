import {
  EXPERT_PROJECTIONS,
  type ExpertGroup,
  expertsOf,
  expertTensorName,
  type StateHash,
  type TensorMap,
} from '@connito/protocol';
import { openReveal, type Participants, type RunContext, roundNotes } from '@connito/run';

/** How far one update moves one expert: ‖local − global‖ over its three matrices. */
export type ExpertNorm = { readonly layer: number; readonly expert: number; readonly norm: number };

export type UpdateNorms = {
  readonly uid: number;
  readonly hotkey: string;
  readonly group: string;
  /** Of the whole update. */
  readonly norm: number;
  readonly experts: readonly ExpertNorm[];
};

export type RoundUpdateNorms = {
  readonly round: number;
  /** Reveals that were looked at, whether or not they turned out to be readable. */
  readonly opened: number;
  readonly updates: readonly UpdateNorms[];
};

/** The norms of the updates that some miners revealed in a finished round; what is invalid or gone is left out. */
export async function measureUpdateNorms(
  context: RunContext,
  participants: Participants,
  {
    round,
    baseState,
    uids,
  }: { readonly round: number; readonly baseState: StateHash; readonly uids: readonly number[] },
  signal?: AbortSignal,
): Promise<RoundUpdateNorms> {
  const facts = await participants.of(round, signal);
  const notes = await roundNotes(context, round, signal);
  const wanted = new Set(uids);
  const updates: UpdateNorms[] = [];
  // One at a time: a decoded update may be large.
  for (const miner of facts.miners.filter(({ uid }) => wanted.has(uid))) {
    const opened = await openReveal(context, facts, notes, miner, baseState, signal);
    if (opened.kind !== 'valid') continue;
    const group = context.definition.groups.find(({ id }) => id === opened.group)!;
    updates.push({ uid: miner.uid, hotkey: miner.hotkey, group: group.id, ...normsOf(group, opened.delta) });
  }
  return { round, opened: uids.length, updates };
}

/** `delta`: local − global. */
export function normsOf(group: ExpertGroup, delta: TensorMap): Pick<UpdateNorms, 'norm' | 'experts'> {
  const squares = (name: string): number =>
    delta.get(name)?.data.reduce((sum, value) => sum + value * value, 0) ?? 0;
  const experts = expertsOf(group).map(({ layer, expert }) => {
    const sum = EXPERT_PROJECTIONS.reduce(
      (total, projection) => total + squares(expertTensorName(layer, expert, projection)),
      0,
    );
    return { layer, expert, norm: Math.sqrt(sum) };
  });
  const whole = [...delta.keys()].reduce((sum, name) => sum + squares(name), 0);
  return { norm: Math.sqrt(whole), experts };
}
