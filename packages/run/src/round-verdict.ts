import {
  type Attestation,
  type AttestedInputs,
  attestedInputs,
  ConnitoError,
  type ConsensusScore,
  type CountedReport,
  consensusScores,
  type ExpertGroupId,
  evaluationSeedBlock,
  fromHex,
  MAX_REPORT_BYTES,
  type PlacedNote,
  parseReport,
  type Report,
  selectUpdates,
  submissionsOf,
  type Uid,
  verifySr25519,
} from '@connito/protocol';
import type { RunContext } from './context.ts';
import { runError } from './errors.ts';
import { fetchOrNull } from './open-reveal.ts';
import { type RoundFacts, uidOf } from './round-facts.ts';

/** What the validators agreed on about a round's updates: a function of ledger and store alone. */
export type RoundVerdict = {
  readonly inputs: AttestedInputs;
  readonly reports: ReadonlyMap<Uid, Report>;
  readonly scores: readonly ConsensusScore[];
  /** Updates to merge, by group, in uid order; groups without any are absent. */
  readonly accepted: ReadonlyMap<ExpertGroupId, readonly ConsensusScore[]>;
};

/**
 * Computes a round's agreed scores and the updates to merge from attested reports. All notes up to the attest window must be
 * sealed. Fails with `state_unavailable` and advice `retry` where an attested report cannot be fetched.
 */
export async function roundVerdict(
  context: RunContext,
  facts: RoundFacts,
  notes: readonly PlacedNote[],
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
  for (const { hotkey, note } of submissionsOf(notes, 'report', round, schedule)) {
    const validator = uidOf(neurons, hotkey);
    if (validator === null || !inputs.reports.has(validator)) continue;
    const bytes = await fetchOrNull(context, note.report, MAX_REPORT_BYTES, signal);
    if (bytes === null) {
      const message = `The attested report ${note.report} of uid ${validator} cannot be fetched.`;
      throw runError('state_unavailable', message, { round }, { advice: 'retry' });
    }
    try {
      reports.set(validator, parseReport(bytes, { run, round, validator: hotkey }, verifySr25519));
    } catch (error) {
      // Malformed or not signed: the same for everyone who reads these bytes, so everyone leaves it out.
      if (!(error instanceof ConnitoError)) throw error;
    }
  }

  const counted: CountedReport[] = [...reports].map(([validator, report]) => ({
    validator,
    // A report may not move a miner to another group, nor name one that is not registered.
    outcomes: report.outcomes.filter(({ uid, hotkey, group }) => {
      const miner = facts.miners.find((candidate) => candidate.uid === uid);
      return miner?.hotkey === hotkey && facts.assignments.get(uid)?.group === group;
    }),
  }));
  const scores = consensusScores(counted, stakes, quorums);
  const seedBlock = await ledger.block(evaluationSeedBlock(round, schedule), signal);
  const seed = fromHex(seedBlock.hash, 32);
  const accepted = new Map<ExpertGroupId, readonly ConsensusScore[]>();
  for (const { id } of definition.groups) {
    const candidates = scores.filter(({ uid, group }) => group === id && inputs.reveals.has(uid));
    const chosen = selectUpdates(candidates, merge.maxUpdates, seed);
    if (chosen.length > 0) accepted.set(id, chosen);
  }
  return { inputs, reports, scores, accepted };
}
