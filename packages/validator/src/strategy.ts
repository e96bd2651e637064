import type { chainWeights, Note, Report, StateHash } from '@connito/protocol';
import type { RoundFacts, RunContext } from '@connito/run';
import type { MergeMeasurement } from './measure-merge.ts';

/** One validator's round, for whoever decides what is sent. */
export type ValidatorTask = {
  readonly context: RunContext;
  readonly facts: RoundFacts;
  /** The state the run started from. */
  readonly genesisState: StateHash;
};

type Weights = ReturnType<typeof chainWeights>;
type NoteOf<Kind extends Note['kind']> = Extract<Note, { kind: Kind }>;

/**
 * What a validator sends at each step of a round. A hook gets what the honest validator would send, or the way to measure it,
 * and answers what is sent instead; null sends nothing. An honest validator has no hooks. They exist for the lab's hostile
 * ones: everything else about a validator is the same for all.
 */
export interface ValidatorStrategy {
  readonly name: string;
  /** The report to sign and commit to. */
  report?(measure: () => Promise<Report>, task: ValidatorTask): Promise<Report | null>;
  /** Whether to publish the bytes of the report that was committed to. */
  publishesReport?(task: ValidatorTask): boolean;
  attest?(honest: NoteOf<'attest'>, task: ValidatorTask): NoteOf<'attest'> | null;
  vote?(measure: () => Promise<MergeMeasurement>, task: ValidatorTask): Promise<MergeMeasurement | null>;
  state?(honest: NoteOf<'state'>, task: ValidatorTask): NoteOf<'state'> | null;
  weights?(honest: Weights, task: ValidatorTask): Weights | null;
}

export const honestValidator: ValidatorStrategy = { name: 'honest' };
