import type { Log } from '@connito/node';
import {
  createSketcher,
  type Duplicate,
  type DuplicateCandidate,
  type ExpertGroup,
  findDuplicates,
  fromHex,
  type PastUpdate,
  type Sketcher,
} from '@connito/protocol';
import {
  type CanonicalChain,
  type OpenedReveal,
  openReveal,
  type Participants,
  type RunContext,
  type RunState,
  roundNotes,
} from '@connito/run';

type ValidReveal = Extract<OpenedReveal, { kind: 'valid' }>;

/** All valid reveals of the last rounds, newest last, read again from ledger and store after a restart. */
export class RevealHistory {
  readonly #context: RunContext;
  readonly #participants: Participants;
  readonly #chain: CanonicalChain;
  readonly #log: Log;
  readonly #rounds = new Map<number, readonly ValidReveal[]>();

  constructor(context: RunContext, participants: Participants, chain: CanonicalChain, log: Log) {
    this.#context = context;
    this.#participants = participants;
    this.#chain = chain;
    this.#log = log;
  }

  remember(round: number, reveals: readonly ValidReveal[]): void {
    this.#rounds.set(round, reveals);
    for (const known of this.#rounds.keys()) {
      if (known < round - this.#context.definition.duplicates.lookbackRounds) this.#rounds.delete(known);
    }
  }

  /** Valid reveals of the rounds that this round's updates may repeat. */
  async before(
    round: number,
    signal: AbortSignal,
  ): Promise<{ round: number; reveals: readonly ValidReveal[] }[]> {
    const { lookbackRounds } = this.#context.definition.duplicates;
    const past: { round: number; reveals: readonly ValidReveal[] }[] = [];
    for (let earlier = Math.max(0, round - lookbackRounds); earlier < round; earlier++) {
      let reveals = this.#rounds.get(earlier);
      if (reveals === undefined) {
        reveals = await this.#read(earlier, signal);
        this.#rounds.set(earlier, reveals);
      }
      past.push({ round: earlier, reveals });
    }
    return past;
  }

  async #read(round: number, signal: AbortSignal): Promise<ValidReveal[]> {
    const facts = await this.#participants.of(round, signal);
    const notes = await roundNotes(this.#context, round, signal);
    const base = await this.#chain.stateBefore(round, signal);
    const valid: ValidReveal[] = [];
    for (const miner of facts.miners) {
      const opened = await openReveal(this.#context, facts, notes, miner, base.hash, signal);
      if (opened.kind === 'valid') valid.push(opened);
      else if (opened.kind === 'missing') {
        this.#log.warn('A past update is no longer stored; copies of it cannot be seen', {
          round,
          uid: miner.uid,
        });
      }
    }
    return valid;
  }
}

/** Finds the updates of one group that repeat earlier work, in two passes: before and after their losses are known. */
export class DuplicateCheck {
  readonly #context: RunContext;
  readonly #round: number;
  readonly #seed: Uint8Array;
  readonly #candidates: readonly (ValidReveal & { readonly sketch: ReturnType<Sketcher> })[];
  readonly #past: readonly PastUpdate[];

  /** `seed` is the round's evaluation seed: sketches made with it could not be aimed at. */
  constructor(
    context: RunContext,
    group: ExpertGroup,
    state: RunState,
    draw: { readonly round: number; readonly blockHash: string },
    reveals: readonly ValidReveal[],
    history: readonly { readonly round: number; readonly reveals: readonly ValidReveal[] }[],
  ) {
    const { baseModel, duplicates } = context.definition;
    const base = state.groups.get(group.id)!.parameters;
    const seed = fromHex(draw.blockHash, 32);
    const sketch = createSketcher(group, baseModel.architecture, base, seed, duplicates);
    this.#context = context;
    this.#round = draw.round;
    this.#seed = seed;
    this.#candidates = reveals.map((reveal) => ({ ...reveal, sketch: sketch(reveal.delta) }));
    this.#past = history.flatMap(({ round, reveals: earlier }) =>
      earlier
        .filter((reveal) => reveal.group === group.id)
        .map(({ hotkey, commitBlock, delta }) => ({ hotkey, round, commitBlock, sketch: sketch(delta) })),
    );
  }

  /** `fingerprints`: per-sequence loss differences by uid, as far as they were measured. */
  find(fingerprints: ReadonlyMap<number, ArrayLike<number>> = new Map()): Map<number, Duplicate> {
    const candidates = this.#candidates.map(
      ({ uid, hotkey, commitBlock, sketch }): DuplicateCandidate => ({
        ...{ uid, hotkey, commitBlock, sketch },
        fingerprint: fingerprints.get(uid) ?? null,
      }),
    );
    const { duplicates } = this.#context.definition;
    const found = findDuplicates(candidates, this.#past, this.#round, duplicates, this.#seed);
    return new Map(found.map((duplicate) => [duplicate.uid, duplicate]));
  }
}
