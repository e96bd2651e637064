import type { NeuronPayout } from '@connito/ledger';
import {
  MAX_REVEAL_BYTES,
  type MinerOutcome,
  type PlacedNote,
  REASONS,
  roundWindow,
  submissionOf,
  type Uid,
} from '@connito/protocol';
import { z } from 'zod';
import type { CanonicalChain } from './canonical-chain.ts';
import type { RunContext } from './context.ts';
import { stepsVoted } from './next-state.ts';
import { fetchOrNull } from './open-reveal.ts';
import { type RoundCredit, roundCredits } from './round-credits.ts';
import { type Participants, type RoundFacts, roundNotes } from './round-facts.ts';
import type { GroupRecord, MinerRecord, RoundRecord, ValidatorRecord } from './round-record.ts';
import { type RoundVerdict, roundVerdict } from './round-verdict.ts';

/** What reading rounds needs besides the run; make both once and keep them. */
export type RoundReaders = { readonly participants: Participants; readonly chain: CanonicalChain };

const revealSize = z.object({
  manifest: z.object({ tensors: z.array(z.object({ bytes: z.int().nonnegative() })) }),
});

/** A round's record with what it was derived from, for whoever shows or checks where a figure comes from. */
export type RoundEvidence = {
  readonly record: RoundRecord;
  readonly facts: RoundFacts;
  /** The round's notes in ledger order. */
  readonly notes: readonly PlacedNote[];
  readonly verdict: RoundVerdict;
  readonly credit: RoundCredit;
};

/** A finished round's whole story from ledger and store alone; all its blocks must be sealed. */
export async function readRound(
  context: RunContext,
  readers: RoundReaders,
  round: number,
  signal?: AbortSignal,
): Promise<RoundRecord> {
  return (await readEvidence(context, readers, round, signal)).record;
}

/** The same, with its evidence. */
export async function readEvidence(
  context: RunContext,
  { participants, chain }: RoundReaders,
  round: number,
  signal?: AbortSignal,
): Promise<RoundEvidence> {
  const facts = await participants.of(round, signal);
  const notes = await roundNotes(context, round, signal);
  const { hash: baseState } = await chain.stateBefore(round, signal);
  const verdict = await roundVerdict(context, facts, notes, baseState, signal);
  const credit = await roundCredits(context, facts, notes, verdict, signal);
  const { outcome, state, votes } = await chain.outcomeOf(round, signal);
  const { lastBlock } = roundWindow(round, context.definition.schedule);
  const payouts = new Map(
    (await context.ledger.payouts(lastBlock, signal)).map((payout) => [payout.uid, payout]),
  );

  const miners: MinerRecord[] = [];
  for (const miner of facts.miners) {
    const bytesSent = await sentBytes(context, notes, miner.hotkey, round, signal);
    miners.push(
      minerRecord(context, facts, { verdict, credit }, miner.uid, payouts.get(miner.uid), bytesSent),
    );
  }
  const record: RoundRecord = {
    round,
    outcome,
    state: state.hash,
    agreed: outcome === 'canonical' && votes.every((vote) => vote.state === state.hash),
    miners,
    validators: facts.validators.map(({ uid, hotkey, stake }): ValidatorRecord => {
      const report = submissionOf(notes, hotkey, 'report', round, context.definition.schedule);
      return {
        uid,
        hotkey,
        stake,
        report: report.kind === 'submitted' ? report.note.report : null,
        reported: verdict.reports.has(uid) ? 'in_time' : 'missing',
        state: votes.find((vote) => vote.validator === uid)?.state ?? null,
        dividends: payouts.get(uid)?.dividends ?? 0,
      };
    }),
    groups: groupRecords(context, facts, notes, verdict),
  };
  return { record, facts, notes, verdict, credit };
}

function minerRecord(
  context: RunContext,
  facts: RoundFacts,
  { verdict, credit }: { readonly verdict: RoundVerdict; readonly credit: RoundCredit },
  uid: Uid,
  payout: NeuronPayout | undefined,
  bytesSent: number,
): MinerRecord {
  const { hotkey } = facts.miners.find((candidate) => candidate.uid === uid)!;
  const group = facts.assignments.get(uid)!.group;
  const { domain } = context.definition.groups.find(({ id }) => id === group)!;
  const score = verdict.scores.find((candidate) => candidate.uid === uid) ?? null;
  const accepted = verdict.accepted.get(group) ?? [];
  const weightTotal = accepted.reduce((sum, { scoreNanoNats }) => sum + scoreNanoNats, 0);
  const merged = accepted.find((candidate) => candidate.uid === uid);
  const outcomes = [...verdict.reports.values()].flatMap((report) =>
    report.outcomes.filter((candidate) => candidate.uid === uid),
  );
  return {
    uid,
    hotkey,
    group,
    domain,
    scoreNanoNats: score?.scoreNanoNats ?? null,
    reason: score?.reason ?? null,
    detail: score === null ? null : detailOf(score, outcomes),
    interval: intervalOf(outcomes),
    marginalNanoNats: credit.contributions.get(uid) ?? null,
    creditShare: credit.credits.get(group)?.get(uid) ?? 0,
    mergeWeight: merged === undefined ? 0 : merged.scoreNanoNats / weightTotal,
    incentive: Math.round(payout?.incentive ?? 0),
    bytesSent,
  };
}

function detailOf(score: RoundVerdict['scores'][number], outcomes: readonly MinerOutcome[]): string | null {
  if (score.duplicateOf !== null) {
    return `The same work as ${score.duplicateOf.hotkey} in round ${score.duplicateOf.round}.`;
  }
  if (score.reason === null) return null;
  const invalid = outcomes.find((outcome) => outcome.kind === 'invalid' && outcome.reason === score.reason);
  return invalid?.kind === 'invalid' ? invalid.why : REASONS[score.reason].sentence;
}

/** The interval the first validator measured; the consensus score is one of several lower bounds. */
function intervalOf(outcomes: readonly MinerOutcome[]): readonly [number, number] | null {
  for (const outcome of outcomes) {
    if (outcome.kind === 'scored' || outcome.kind === 'futile') {
      return [outcome.domain.lowerNanoNats, outcome.domain.upperNanoNats];
    }
  }
  return null;
}

function groupRecords(
  context: RunContext,
  facts: RoundFacts,
  notes: readonly PlacedNote[],
  verdict: RoundVerdict,
): GroupRecord[] {
  const steps = stepsVoted(context, facts, notes);
  return context.definition.groups.map(({ id, domain }) => {
    const mergedUpdates = verdict.accepted.get(id)?.length ?? 0;
    const scale = steps.kind === 'voted' && mergedUpdates > 0 ? Number(steps.steps.get(id) ?? 0) : 0;
    return { group: id, domain, mergedUpdates, scale };
  });
}

/** Bytes of a miner's reveal document and the bundle it describes, 0 where it revealed nothing readable. */
async function sentBytes(
  context: RunContext,
  notes: readonly PlacedNote[],
  hotkey: RoundFacts['miners'][number]['hotkey'],
  round: number,
  signal?: AbortSignal,
): Promise<number> {
  const reveal = submissionOf(notes, hotkey, 'reveal', round, context.definition.schedule);
  if (reveal.kind !== 'submitted') return 0;
  const document = await fetchOrNull(context, reveal.note.document, MAX_REVEAL_BYTES, signal);
  if (document === null) return 0;
  try {
    const { manifest } = revealSize.parse(JSON.parse(new TextDecoder().decode(document)));
    return manifest.tensors.reduce((sum, { bytes }) => sum + bytes, document.length);
  } catch {
    return document.length;
  }
}
