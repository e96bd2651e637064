import {
  type ArtifactHash,
  canonicalState,
  roundWindow,
  type StateHash,
  type StateVote,
  submissionsOf,
} from '@connito/protocol';
import type { RunContext } from './context.ts';
import { type Participants, roundNotes, uidOf } from './round-facts.ts';

/** A state that holds. `documents` are where its validators say its tensors are; none for the first state. */
export type CanonicalState = {
  readonly hash: StateHash;
  readonly documents: readonly ArtifactHash[];
};

export type RoundOutcome = {
  readonly outcome: 'canonical' | 'void';
  /** The state that holds after the round. */
  readonly state: CanonicalState;
  readonly votes: readonly StateVote[];
};

/**
 * Which state holds, derived from the ledger's votes. Finished rounds never change, so each is read once; a round is read alone,
 * and earlier ones only where it is void.
 */
export class CanonicalChain {
  readonly #context: RunContext;
  readonly #participants: Participants;
  readonly #outcomes = new Map<number, RoundOutcome>();
  readonly #genesis: CanonicalState;

  /** `genesis` is the hash of the state made from the base model alone. */
  constructor(context: RunContext, participants: Participants, genesis: StateHash) {
    this.#context = context;
    this.#participants = participants;
    this.#genesis = { hash: genesis, documents: [] };
  }

  /** The state a round starts from. All earlier rounds must be over. */
  async stateBefore(round: number, signal?: AbortSignal): Promise<CanonicalState> {
    return round === 0 ? this.#genesis : (await this.outcomeOf(round - 1, signal)).state;
  }

  /** What a finished round led to. Throws a RangeError where its last state block is not sealed. */
  async outcomeOf(round: number, signal?: AbortSignal): Promise<RoundOutcome> {
    const voids: { readonly round: number; readonly votes: readonly StateVote[] }[] = [];
    let state: CanonicalState = this.#genesis;
    for (let at = round; at >= 0; at--) {
      const known = this.#outcomes.get(at) ?? (await this.#read(at, signal));
      if (known.state !== null) {
        this.#outcomes.set(at, known);
        state = known.state;
        break;
      }
      voids.push({ round: at, votes: known.votes });
    }
    for (const { round: at, votes } of voids) this.#outcomes.set(at, { outcome: 'void', state, votes });
    return this.#outcomes.get(round)!;
  }

  /** Without a state where the round is void: the one before stands. */
  async #read(
    round: number,
    signal?: AbortSignal,
  ): Promise<RoundOutcome | { readonly state: null; readonly votes: readonly StateVote[] }> {
    const { definition, ledger } = this.#context;
    const head = await ledger.head(signal);
    const { lastBlock } = roundWindow(round, definition.schedule);
    if (head.number < lastBlock - definition.schedule.publish) {
      throw new RangeError(`round ${round} is not over: block ${head.number} of ${lastBlock}`);
    }
    const { neurons, stakes } = await this.#participants.of(round, signal);
    const notes = await roundNotes(this.#context, round, signal);
    const votes: StateVote[] = [];
    const documents = new Map<StateHash, ArtifactHash[]>();
    for (const { hotkey, note } of submissionsOf(notes, 'state', round, definition.schedule)) {
      const validator = uidOf(neurons, hotkey);
      if (validator === null || !stakes.has(validator)) continue;
      votes.push({ validator, state: note.state });
      documents.set(note.state, [...(documents.get(note.state) ?? []), note.document]);
    }
    const verdict = canonicalState(votes, stakes, definition.validators.stateQuorum);
    if (verdict.kind === 'void') return { state: null, votes };
    const own = [...new Set(documents.get(verdict.state))];
    return { outcome: 'canonical', state: { hash: verdict.state, documents: own }, votes };
  }
}
