/**
 * A run as every role sees it: its definition, who takes part in a round, which state holds, what was agreed, all derived
 * from ledger and store. Miner, validator and observers share this; none of them can change what it says.
 *
 * @example
 * const participants = new Participants(context);
 * const chain = new CanonicalChain(context, participants, session.genesis.hash);
 * const record = await readRound(context, { participants, chain }, 3);
 */
export { BUILD } from './build.ts';
export { CanonicalChain, type CanonicalState, type RoundOutcome } from './canonical-chain.ts';
export type { RunContext } from './context.ts';
export { type CreateRunOptions, createRun, KNOWN_DOMAINS } from './create-run.ts';
export { type RunErrorCode, runError } from './errors.ts';
export { type Act, type FollowDependencies, followRounds, type RoundPoint } from './follow-rounds.ts';
export { meteredSession } from './metered-session.ts';
export { createRunMetrics, RUN_METRICS, type RunMetrics } from './metrics.ts';
export { hashFile, type ModelSession, openModelSession } from './model-session.ts';
export { type AcceptedUpdates, acceptedUpdates, mergedDeltas, stepGroups, stepsVoted } from './next-state.ts';
export { connectNode, type NodeConnection, type RoleOptions } from './node-connection.ts';
export { fetchOrNull, type OpenedReveal, openReveal } from './open-reveal.ts';
export { type ExpectedReport, type ReadReport, readReport } from './read-report.ts';
export { type RoundEvidence, type RoundReaders, readEvidence, readRound } from './read-round.ts';
export { type LossReport, Reporter, type ReporterOptions, type SubModelGap } from './reporter.ts';
export { type RoundCredit, roundCredits } from './round-credits.ts';
export { type DeclarationLog, Participants, type RoundFacts, roundNotes, uidOf } from './round-facts.ts';
export {
  type GroupRecord,
  type MinerRecord,
  type RoundRecord,
  reasonOf,
  type ValidatorRecord,
} from './round-record.ts';
export { agreedScores, type RoundVerdict, roundVerdict } from './round-verdict.ts';
export { LOCAL_CODECS, LOCAL_PARAMETERS, type RunParameters } from './run-parameters.ts';
export { RunPosition } from './run-position.ts';
export {
  createNativeSha256,
  genesisHashOf,
  genesisState,
  genesisStateOf,
  nativeSha256,
  type RunState,
  StateLoader,
  stateParameters,
  storeState,
} from './state-loader.ts';
export type { DomainMeasurement, ExpertDrift, StateMeasurement } from './state-measurement.ts';
export { pick, pickAcross, type SequencePool, sourceOf, TokenSources } from './token-sources.ts';
