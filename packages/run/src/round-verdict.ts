import {
  type Attestation,
  type AttestedInputs,
  attestedInputs,
  type ConsensusScore,
  type CountedReport,
  consensusScores,
  type ExpertGroupId,
  evaluationSeedBlock,
  fromHex,
  MAX_REPORT_BYTES,
  type PlacedNote,
  type Report,
  type ReportFault,
  type RunDefinition,
  type StateHash,
  selectUpdates,
  submissionsOf,
  type Uid,
} from '@connito/protocol';
import type { RunContext } from './context.ts';
import { runError } from './errors.ts';
import { fetchOrNull } from './open-reveal.ts';
import { readReport } from './read-report.ts';
import { type RoundFacts, uidOf } from './round-facts.ts';

/** What the validators agreed on about a round's updates: a function of ledger and store alone. */
export type RoundVerdict = {
  readonly inputs: AttestedInputs;
  /** Reports that count. */
  readonly reports: ReadonlyMap<Uid, Report>;
  /** Attested reports that do not count, and why. */
  readonly refused: ReadonlyMap<Uid, ReportFault>;
  readonly scores: readonly ConsensusScore[];
  /** Updates to merge, by group, in uid order; groups without any are absent. */
  readonly accepted: ReadonlyMap<ExpertGroupId, readonly ConsensusScore[]>;
};

/**
 * Computes a round's agreed scores and the updates to merge from attested reports; `baseState` is the state the round started
 * from. A report counts only if it was measured on that state and on this round's draw, and if its numbers follow from its
 * losses. All notes up to the attest window must be sealed. Fails with `state_unavailable` and advice `retry` where an attested report cannot be fetched.
 */
export async function roundVerdict(
  context: RunContext,
  facts: RoundFacts,
  notes: readonly PlacedNote[],
  baseState: StateHash,
  signal?: AbortSignal,
): Promise<RoundVerdict> {
  const { definition, run, ledger } = context;
  const { round, neurons, stakes } = facts;
  const { schedule, validators: quorums, merge } = definition;
  const attestations: Attestation[] = [];
  for (const { hotkey, note } of submissionsOf(notes, 'attest', round, schedule)) {
    const validator = uidOf(neurons, hotkey);
    if (validator !== null) attestations.push({ validator, reveals: note.reveals, reports: note.reports });
  }
  const inputs = attestedInputs(attestations, stakes, quorums.attestationQuorum);

  const reports = new Map<Uid, Report>();
  const refused = new Map<Uid, ReportFault>();
  for (const { hotkey, note } of submissionsOf(notes, 'report', round, schedule)) {
    const validator = uidOf(neurons, hotkey);
    if (validator === null || !inputs.reports.has(validator)) continue;
    const bytes = await fetchOrNull(context, note.report, MAX_REPORT_BYTES, signal);
    if (bytes === null) {
      const message = `The attested report ${note.report} of uid ${validator} cannot be fetched.`;
      throw runError('state_unavailable', message, { round }, { advice: 'retry' });
    }
    const read = readReport(bytes, { run, round, validator: hotkey, baseState }, definition);
    if (read.kind === 'counts') reports.set(validator, read.report);
    else refused.set(validator, read.fault);
  }

  const scores = agreedScores(definition, facts, reports);
  const seedBlock = await ledger.block(evaluationSeedBlock(round, schedule), signal);
  const seed = fromHex(seedBlock.hash, 32);
  const accepted = new Map<ExpertGroupId, readonly ConsensusScore[]>();
  for (const { id } of definition.groups) {
    const candidates = scores.filter(({ uid, group }) => group === id && inputs.reveals.has(uid));
    const chosen = selectUpdates(candidates, merge.maxUpdates, seed);
    if (chosen.length > 0) accepted.set(id, chosen);
  }
  return { inputs, reports, refused, scores, accepted };
}

/** The scores that validators' reports agree on. */
export function agreedScores(
  { validators }: Pick<RunDefinition, 'validators'>,
  facts: RoundFacts,
  reports: ReadonlyMap<Uid, Pick<Report, 'outcomes'>>,
): ConsensusScore[] {
  const counted: CountedReport[] = [...reports].map(([validator, report]) => ({
    validator,
    // A report may not move a miner to another group, nor name one that is not registered.
    outcomes: report.outcomes.filter(({ uid, hotkey, group }) => {
      const miner = facts.miners.find((candidate) => candidate.uid === uid);
      return miner?.hotkey === hotkey && facts.assignments.get(uid)?.group === group;
    }),
  }));
  return consensusScores(counted, facts.stakes, validators);
}
