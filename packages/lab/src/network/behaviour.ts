import type { MinerStrategy } from '@connito/miner';
import type { Keypair } from '@connito/node';
import type { ModelSession, RoundPoint, RunContext } from '@connito/run';
import type { ValidatorStrategy } from '@connito/validator';

/** What every role of a lab network is given, and may do more with than its code foresees. */
export type RoleParts = { readonly context: RunContext; readonly keypair: Keypair };

type Acting = {
  /** The part of the round the role's code is told it is in, or null to do nothing. Default: the true one. */
  readonly phaseOf?: (point: RoundPoint) => RoundPoint | null;
  /** How the role sees ledger and store. Default: as they are. */
  readonly contextOf?: (context: RunContext) => RunContext;
  /** How the role sees its model. Default: as it is. */
  readonly sessionOf?: (session: ModelSession) => ModelSession;
  /** Done in each open block, after the role's own code. */
  readonly besides?: (parts: RoleParts, point: RoundPoint, signal: AbortSignal) => Promise<void>;
};

/** One miner of a lab network: the miner's own code, and where it departs from honesty. */
export type MinerBehaviour = Acting & { readonly strategy: MinerStrategy };

/** One validator of a lab network. */
export type ValidatorBehaviour = Acting & { readonly strategy: ValidatorStrategy };
