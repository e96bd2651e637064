import {
  type AcceptedUpdate,
  type ExpertGroupId,
  type GroupState,
  mergeDelta,
  outerStep,
  type PlacedNote,
  type ScaleVote,
  submissionsOf,
  type TensorMap,
  type VotedSteps,
  votedSteps,
} from '@connito/protocol';
import type { RunContext } from './context.ts';
import { runError } from './errors.ts';
import { type OpenedReveal, openReveal } from './open-reveal.ts';
import { type RoundFacts, uidOf } from './round-facts.ts';
import type { RoundVerdict } from './round-verdict.ts';
import type { RunState } from './state-loader.ts';

/** Accepted updates by group, in uid order. */
export type AcceptedUpdates = ReadonlyMap<ExpertGroupId, readonly AcceptedUpdate[]>;

/**
 * The updates a round merges, fetched and decoded. Those in `opened` are not opened again; what is valid stays valid. Fails
 * with `state_unavailable` where one cannot be fetched.
 */
export async function acceptedUpdates(
  context: RunContext,
  facts: RoundFacts,
  notes: readonly PlacedNote[],
  verdict: RoundVerdict,
  base: RunState,
  opened: readonly OpenedReveal[],
  signal?: AbortSignal,
): Promise<AcceptedUpdates> {
  const updates = new Map<ExpertGroupId, AcceptedUpdate[]>();
  for (const [group, accepted] of verdict.accepted) {
    const decoded: AcceptedUpdate[] = [];
    for (const { uid, scoreNanoNats } of accepted) {
      const miner = facts.miners.find((candidate) => candidate.uid === uid)!;
      const known = opened.find((reveal) => reveal.uid === uid && reveal.kind === 'valid');
      const reveal = known ?? (await openReveal(context, facts, notes, miner, base.hash, signal));
      if (reveal.kind === 'missing') {
        const message = `The attested update of uid ${uid} cannot be fetched.`;
        throw runError('state_unavailable', message, { uid, round: facts.round }, { advice: 'retry' });
      }
      // A quorum that accepted an invalid update attested to something else; nobody merges it.
      if (reveal.kind === 'valid') decoded.push({ uid, scoreNanoNats, delta: reveal.delta });
    }
    if (decoded.length > 0) updates.set(group, decoded);
  }
  return updates;
}

/** The candidate merge of each group with accepted updates, before any outer step: local − global. */
export function mergedDeltas(
  { definition }: Pick<RunContext, 'definition'>,
  base: RunState,
  updates: AcceptedUpdates,
): Map<ExpertGroupId, TensorMap> {
  const merged = new Map<ExpertGroupId, TensorMap>();
  for (const [group, accepted] of updates) {
    merged.set(group, mergeDelta(accepted, base.groups.get(group)!.parameters, definition.merge));
  }
  return merged;
}

/** Every group's state after a step of its own scale; `null` is the zero step, groups without a merge stand still. */
export function stepGroups(
  context: Pick<RunContext, 'definition'>,
  base: RunState,
  merged: ReadonlyMap<ExpertGroupId, TensorMap>,
  scaleOf: (group: ExpertGroupId) => string | null,
): Map<ExpertGroupId, GroupState> {
  const groups = new Map<ExpertGroupId, GroupState>();
  for (const [id, state] of base.groups) {
    const delta = merged.get(id);
    const { merge } = context.definition;
    groups.set(id, delta === undefined ? state : outerStep(state, delta, scaleOf(id), merge));
  }
  return groups;
}

/** The steps that the validators' votes on the ledger fix. All notes of the vote window must be sealed. */
export function stepsVoted(context: RunContext, facts: RoundFacts, notes: readonly PlacedNote[]): VotedSteps {
  const { definition } = context;
  const votes: ScaleVote[] = [];
  for (const { hotkey, note } of submissionsOf(notes, 'vote', facts.round, definition.schedule)) {
    const validator = uidOf(facts.neurons, hotkey);
    if (validator !== null) votes.push({ validator, scales: note.scales });
  }
  return votedSteps(votes, facts.stakes, definition);
}
