import type { CanonicalState } from './canonical-chain.ts';
import { CanonicalChain } from './canonical-chain.ts';
import type { RunContext } from './context.ts';
import { createRunMetrics, type RunMetrics } from './metrics.ts';
import type { ModelSession } from './model-session.ts';
import { Participants } from './round-facts.ts';
import { type RunState, StateLoader, stateParameters } from './state-loader.ts';

/** Keeps a role's model at the state a round starts from. */
export class RunPosition {
  readonly participants: Participants;
  readonly chain: CanonicalChain;
  readonly loader: StateLoader;
  readonly #session: ModelSession;
  readonly #momentum: boolean;
  readonly #metrics: RunMetrics;
  #current: RunState | null = null;
  #round: number | null = null;

  /** `momentum`: whether the role merges, and so needs the outer momentum too. */
  constructor(
    context: RunContext,
    session: ModelSession,
    options: { readonly momentum: boolean; readonly metrics?: RunMetrics },
  ) {
    this.participants = new Participants(context);
    this.chain = new CanonicalChain(context, this.participants, session.genesis.hash);
    this.loader = new StateLoader(context, session.genesis);
    this.#session = session;
    this.#momentum = options.momentum;
    this.#metrics = options.metrics ?? createRunMetrics();
  }

  /** The state `round` starts from, loaded into the model. Fetches only what changed; does nothing if it is there already. */
  async enter(round: number, signal?: AbortSignal): Promise<RunState> {
    const canonical: CanonicalState = await this.chain.stateBefore(round, signal);
    await this.#count(round, signal);
    if (this.#current?.hash === canonical.hash) return this.#current;
    const state = await this.loader.load(canonical, { momentum: this.#momentum }, signal);
    await this.#session.host.setState(stateParameters(state));
    this.#current = state;
    return state;
  }
  /** Counts the rounds that ended since the last call: a node that was away counts them on its return. */
  async #count(round: number, signal?: AbortSignal): Promise<void> {
    for (let ended = this.#round ?? round; ended < round; ended++) {
      this.#metrics.rounds.inc({ outcome: (await this.chain.outcomeOf(ended, signal)).outcome });
      this.#round = ended + 1;
    }
    this.#round ??= round;
  }
}
