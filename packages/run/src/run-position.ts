import type { CanonicalState } from './canonical-chain.ts';
import { CanonicalChain } from './canonical-chain.ts';
import type { RunContext } from './context.ts';
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
  #current: RunState | null = null;

  /** `momentum`: whether the role merges, and so needs the outer momentum too. */
  constructor(context: RunContext, session: ModelSession, options: { readonly momentum: boolean }) {
    this.participants = new Participants(context);
    this.chain = new CanonicalChain(context, this.participants, session.genesis.hash);
    this.loader = new StateLoader(context, session.genesis);
    this.#session = session;
    this.#momentum = options.momentum;
  }

  /** The state `round` starts from, loaded into the model. Fetches only what changed; does nothing if it is there already. */
  async enter(round: number, signal?: AbortSignal): Promise<RunState> {
    const canonical: CanonicalState = await this.chain.stateBefore(round, signal);
    if (this.#current?.hash === canonical.hash) return this.#current;
    const state = await this.loader.load(canonical, { momentum: this.#momentum }, signal);
    await this.#session.host.setState(stateParameters(state));
    this.#current = state;
    return state;
  }
}
