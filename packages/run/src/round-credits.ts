import {
  agreedContributions,
  ConnitoError,
  type GroupCredits,
  groupCredits,
  MAX_MERGE_REPORT_BYTES,
  type MergeReport,
  type PlacedNote,
  parseMergeReport,
  submissionsOf,
  type Uid,
  verifySr25519,
} from '@connito/protocol';
import type { RunContext } from './context.ts';
import { fetchOrNull } from './open-reveal.ts';
import { type RoundFacts, uidOf } from './round-facts.ts';
import type { RoundVerdict } from './round-verdict.ts';

/** What a round's work earns, and the measurements it rests on. */
export type RoundCredit = {
  /** Merge reports that could be fetched and are signed by the validator whose vote names them. */
  readonly mergeReports: ReadonlyMap<Uid, MergeReport>;
  /** Agreed marginal contribution to the merged step, nano-nats, of the updates it was measured for. */
  readonly contributions: ReadonlyMap<Uid, number>;
  readonly credits: GroupCredits;
};

/**
 * Computes credit from the agreed scores and the contributions that the merge reports which the votes name agree on. Only
 * updates whose reveal was attested earn. All notes of the vote window must be sealed.
 *
 * Unlike scores, contributions change no state: a validator that cannot fetch a merge report posts slightly other chain
 * weights, which consensus on the ledger evens out.
 */
export async function roundCredits(
  context: RunContext,
  facts: RoundFacts,
  notes: readonly PlacedNote[],
  verdict: RoundVerdict,
  signal?: AbortSignal,
): Promise<RoundCredit> {
  const { definition, run } = context;
  const { round, neurons, stakes } = facts;
  const mergeReports = new Map<Uid, MergeReport>();
  for (const { hotkey, note } of submissionsOf(notes, 'vote', round, definition.schedule)) {
    const validator = uidOf(neurons, hotkey);
    if (validator === null || !stakes.has(validator)) continue;
    const bytes = await fetchOrNull(context, note.mergeReport, MAX_MERGE_REPORT_BYTES, signal);
    if (bytes === null) continue;
    try {
      const expected = { run, round, validator: hotkey };
      mergeReports.set(validator, parseMergeReport(bytes, expected, verifySr25519));
    } catch (error) {
      // Malformed or not signed: it measures nothing.
      if (!(error instanceof ConnitoError)) throw error;
    }
  }

  const contributions = agreedContributions(mergeReports, verdict.accepted, stakes);
  const attested = verdict.scores.filter(({ uid }) => verdict.inputs.reveals.has(uid));
  return { mergeReports, contributions, credits: groupCredits(attested, contributions, definition) };
}
