import {
  type MinerOutcome,
  type ScaleVote,
  submissionOf,
  type Uid,
  type VotedSteps,
  votedSteps,
} from '@connito/protocol';
import { agreedScores } from '@connito/run';
import type { RoundView } from '../round-view.ts';

/**
 * Whether what was agreed on stands without what the replay contradicts: scores are agreed on anew with the own report in place
 * of each wrong one. A minority that lies changes nothing; where it did, the agreed figure is a difference.
 */
export function checkAgreedScores(view: RoundView, wrong: ReadonlySet<Uid>): void {
  const { context, facts, verdict, own, notebook } = view;
  if (own === null || wrong.size === 0) return;
  const reports = new Map<Uid, { readonly outcomes: MinerOutcome[] }>(verdict.reports);
  for (const uid of wrong) if (reports.has(uid)) reports.set(uid, own);
  const expected = agreedScores(context.definition, facts, reports);
  const describe = (score: (typeof expected)[number] | undefined): string =>
    score === undefined
      ? 'none'
      : `${score.scoreNanoNats} ${score.duplicateOf === null ? (score.reason ?? '') : `copy of ${score.duplicateOf.hotkey}`}`.trim();
  for (const { uid } of facts.miners) {
    const of = (scores: typeof expected) => describe(scores.find((score) => score.uid === uid));
    const [ours, theirs] = [of(expected), of([...verdict.scores])];
    if (ours === theirs) continue;
    notebook.differs({ artefact: 'agreed scores', field: `uid ${uid}`, expected: ours, found: theirs });
  }
}

/** The same for the votes on the merge's step. */
export function checkAgreedSteps(
  view: RoundView,
  steps: VotedSteps,
  scales: readonly number[] | null,
  wrong: ReadonlySet<Uid>,
): void {
  const { context, facts, notes, notebook } = view;
  if (scales === null || wrong.size === 0) return;
  const votes: ScaleVote[] = [];
  for (const { uid, hotkey } of facts.validators) {
    const note = submissionOf(notes, hotkey, 'vote', facts.round, context.definition.schedule);
    if (note.kind !== 'submitted') continue;
    votes.push({ validator: uid, scales: wrong.has(uid) ? scales : note.note.scales });
  }
  const expected = votedSteps(votes, facts.stakes, context.definition);
  if (expected.kind === 'void' || steps.kind === 'void') return;
  for (const { id } of context.definition.groups) {
    const [ours, theirs] = [expected, steps].map(({ steps: of }) => of.get(id) ?? 'no step');
    // Without a merge there is no step to take, whatever was voted.
    if (ours === theirs || !view.verdict.accepted.has(id)) continue;
    notebook.differs({ artefact: 'agreed steps', field: id, expected: ours, found: theirs });
  }
}
