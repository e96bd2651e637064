import type { ExpertGroupId, StateHash, Uid } from '../brand.ts';
import { requireArgument } from '../errors.ts';
import { ZERO_STEP } from '../note/ledger-note.ts';
import type { Quorum, RunDefinition } from '../run/run-definition.ts';
import { exceedsQuorum, lowerWeightedMedian, type StakeTable, stakeOf, totalStake } from './stake.ts';

export type Attestation = {
  readonly validator: Uid;
  readonly reveals: readonly Uid[];
  readonly reports: readonly Uid[];
};

/** The uids whose reveals and whose reports enter the merge. */
export type AttestedInputs = { readonly reveals: ReadonlySet<Uid>; readonly reports: ReadonlySet<Uid> };

/**
 * Fixes a merge's inputs from the ledger alone: bytes count only if validators with more than the quorum of all stake
 * attest to hold them, so showing a file to some and not to others changes nothing.
 */
export function attestedInputs(
  attestations: readonly Attestation[],
  stakes: StakeTable,
  quorum: Quorum,
): AttestedInputs {
  const total = totalStake(stakes);
  const held = (of: (attestation: Attestation) => readonly Uid[]) => {
    const holders = new Map<Uid, Uid[]>();
    for (const attestation of attestations) {
      for (const uid of of(attestation))
        holders.set(uid, [...(holders.get(uid) ?? []), attestation.validator]);
    }
    const attested = [...holders].filter(([, validators]) =>
      exceedsQuorum(stakeOf(validators, stakes), total, quorum),
    );
    return new Set(attested.map(([uid]) => uid).sort((a, b) => a - b));
  };
  return { reveals: held(({ reveals }) => reveals), reports: held(({ reports }) => reports) };
}

export type ScaleVote = { readonly validator: Uid; readonly scales: readonly number[] };

/** A group's step: a scale of the run definition, or null for the zero step. */
export type VotedSteps =
  | { readonly kind: 'voted'; readonly steps: ReadonlyMap<ExpertGroupId, string | null> }
  | { readonly kind: 'void'; readonly votedStake: bigint; readonly totalStake: bigint };

/**
 * The lower stake-weighted median of the votes, group by group: the smaller step where half the stake wants less. Votes
 * with a wrong number of groups or unknown scales count as the zero step. Void unless more than the quorum of all stake
 * voted.
 */
export function votedSteps(
  votes: readonly ScaleVote[],
  stakes: StakeTable,
  definition: RunDefinition,
): VotedSteps {
  const { groups, merge, validators } = definition;
  const permitted = votes.filter(({ validator }) => stakes.has(validator));
  requireDistinct(permitted);
  const voters = permitted.map(({ validator }) => validator);
  const votedStake = stakeOf(voters, stakes);
  const total = totalStake(stakes);
  if (!exceedsQuorum(votedStake, total, validators.voteQuorum))
    return { kind: 'void', votedStake, totalStake: total };

  const weights = voters.map((uid) => stakes.get(uid)!);
  const steps = new Map<ExpertGroupId, string | null>();
  for (const [number, { id }] of groups.entries()) {
    // Ranks ascend with the step: 0 is no step, then the scales from the smallest, which the definition lists last.
    const ranks = permitted.map(({ scales }) => {
      const scale = scales.length === groups.length ? (scales[number] ?? ZERO_STEP) : ZERO_STEP;
      return scale < merge.scales.length ? merge.scales.length - scale : 0;
    });
    const rank = lowerWeightedMedian(ranks, weights);
    steps.set(id, rank === 0 ? null : (merge.scales[merge.scales.length - rank] ?? null));
  }
  return { kind: 'voted', steps };
}

export type StateVote = { readonly validator: Uid; readonly state: StateHash };

/** `leading` is the state with the most stake, if any was posted. */
export type StateVerdict =
  | {
      readonly kind: 'canonical';
      readonly state: StateHash;
      readonly stake: bigint;
      readonly totalStake: bigint;
    }
  | {
      readonly kind: 'void';
      readonly leading: StateHash | null;
      readonly stake: bigint;
      readonly totalStake: bigint;
    };

/**
 * A state is canonical when more than the quorum of all stake posted its hash, whoever else reported or not; otherwise
 * the round is void and the previous state stands. Two states can never both be canonical. `votes` holds the first
 * state note of each validator.
 */
export function canonicalState(
  votes: readonly StateVote[],
  stakes: StakeTable,
  quorum: Quorum,
): StateVerdict {
  const permitted = votes.filter(({ validator }) => stakes.has(validator));
  requireDistinct(permitted);
  const total = totalStake(stakes);
  const support = new Map<StateHash, bigint>();
  for (const { validator, state } of permitted)
    support.set(state, (support.get(state) ?? 0n) + stakes.get(validator)!);
  const [first] = [...support].sort(([a, left], [b, right]) =>
    left === right ? (a < b ? -1 : 1) : left > right ? -1 : 1,
  );
  if (first === undefined) return { kind: 'void', leading: null, stake: 0n, totalStake: total };
  const [state, stake] = first;
  return exceedsQuorum(stake, total, quorum)
    ? { kind: 'canonical', state, stake, totalStake: total }
    : { kind: 'void', leading: state, stake, totalStake: total };
}

function requireDistinct(votes: readonly { readonly validator: Uid }[]): void {
  const distinct = new Set(votes.map(({ validator }) => validator)).size === votes.length;
  requireArgument(distinct, 'A validator votes once.');
}
