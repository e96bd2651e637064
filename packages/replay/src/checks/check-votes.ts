import type { Neuron } from '@connito/ledger';
import {
  ConnitoError,
  type GroupMerge,
  MAX_MERGE_REPORT_BYTES,
  type MergeReport,
  parseMergeReport,
  submissionOf,
  type Uid,
  verifySr25519,
  ZERO_STEP,
} from '@connito/protocol';
import type { MergeMeasurement } from '@connito/validator';
import { type RoundView, readOrNull } from '../round-view.ts';

/** Losses that a bound or a contribution is made of: both sides of a pair, and half as much again for the spread. */
const LOSSES_IN_A_FIGURE = 3;

const FIGURES = [
  'gainMeanNanoNats',
  'gainLowerNanoNats',
  'generalRiseMeanNanoNats',
  'generalRiseLowerNanoNats',
] as const;
const CONTRIBUTIONS = ['contributionNanoNats', 'lowerNanoNats', 'upperNanoNats'] as const;

/**
 * Checks every vote and the merge report it names. `own` is what an honest validator of this build measures, null where nothing
 * is. Returns the uids of validators that voted otherwise than the replay measures.
 */
export async function checkVotes(view: RoundView, own: MergeMeasurement | null): Promise<Set<Uid>> {
  const { context, facts, notes, notebook, base } = view;
  const { run, definition } = context;
  const wrong = new Set<Uid>();
  for (const validator of facts.validators) {
    const note = submissionOf(notes, validator.hotkey, 'vote', facts.round, definition.schedule);
    if (note.kind !== 'submitted') continue;
    const { mergeReport, scales } = note.note;
    const artefact = `merge report of uid ${validator.uid}`;
    const bytes = await readOrNull(view, mergeReport, MAX_MERGE_REPORT_BYTES);
    if (bytes === null) {
      notebook.finds(validator, { artefact, field: 'bytes', expected: 'published', found: 'missing' });
      continue;
    }
    let report: MergeReport;
    try {
      const expected = { run, round: facts.round, validator: validator.hotkey };
      report = parseMergeReport(bytes, expected, verifySr25519);
    } catch (error) {
      if (!(error instanceof ConnitoError)) throw error;
      const expected = 'a signed merge report';
      notebook.finds(validator, { artefact, field: 'bytes', expected, found: error.message });
      continue;
    }
    const before = notebook.findings.length;
    notebook.compares(validator, { artefact, field: 'baseState' }, base.hash, report.baseState);
    checkGroups(view, validator, report, scales);
    if (own !== null) checkMeasurement(view, validator, report, own);
    const isOwnBuild = report.build === view.build;
    const votedOtherwise = own !== null && isOwnBuild && own.scales.join() !== scales.join();
    if (votedOtherwise) {
      notebook.compares(
        validator,
        { artefact: `vote of uid ${validator.uid}`, field: 'scales' },
        own.scales,
        scales,
      );
    }
    if (notebook.findings.length > before) wrong.add(validator.uid);
  }
  return wrong;
}

function checkGroups(
  { context, verdict, notebook }: RoundView,
  validator: Neuron,
  report: MergeReport,
  scales: readonly number[],
): void {
  const artefact = `merge report of uid ${validator.uid}`;
  const accepted = [...verdict.accepted].map(([group, updates]) => ({
    group,
    accepted: updates.map(({ uid, scoreNanoNats }) => ({ uid, scoreNanoNats })),
  }));
  const stated = report.groups.map(({ group, accepted: updates }) => ({ group, accepted: updates }));
  notebook.compares(validator, { artefact, field: 'groups' }, accepted, stated);
  const votes = context.definition.groups.map(
    ({ id }) => report.groups.find(({ group }) => group === id)?.vote ?? ZERO_STEP,
  );
  notebook.compares(validator, { artefact: `vote of uid ${validator.uid}`, field: 'scales' }, votes, scales);
}

function checkMeasurement(
  view: RoundView,
  validator: Neuron,
  report: MergeReport,
  own: MergeMeasurement,
): void {
  const isOwnBuild = report.build === view.build;
  for (const measured of own.groups) {
    const stated = report.groups.find(({ group }) => group === measured.group);
    if (stated === undefined) continue;
    const artefact = `merge report of uid ${validator.uid}`;
    const fault = figureFault(view, measured, stated, isOwnBuild);
    if (fault !== null) view.notebook.finds(validator, { artefact, ...fault });
  }
}

type Fault = { readonly field: string; readonly expected: unknown; readonly found: unknown };

function figureFault(
  { comparison }: RoundView,
  own: GroupMerge,
  stated: GroupMerge,
  isOwnBuild: boolean,
): Fault | null {
  const differs = (ours: number | null, theirs: number | null): boolean =>
    ours === null || theirs === null
      ? ours !== theirs
      : !comparison.agree(ours, theirs, isOwnBuild, LOSSES_IN_A_FIGURE);
  const count = isOwnBuild ? own.scales.length : Math.min(own.scales.length, stated.scales.length);
  if (isOwnBuild && stated.scales.length !== count) {
    return { field: `${own.group}.scales.length`, expected: count, found: stated.scales.length };
  }
  for (const [i, ours] of own.scales.slice(0, count).entries()) {
    const theirs = stated.scales[i]!;
    if (ours.scale !== theirs.scale) {
      return { field: `${own.group}.scales.${i}.scale`, expected: ours.scale, found: theirs.scale };
    }
    for (const name of FIGURES) {
      if (differs(ours[name], theirs[name])) {
        return { field: `${own.group}.scales.${i}.${name}`, expected: ours[name], found: theirs[name] };
      }
    }
  }
  // A contribution belongs to the step voted for, which on another build may be another one.
  if (own.vote !== stated.vote) return null;
  for (const ours of own.leaveOneOut) {
    const theirs = stated.leaveOneOut.find(({ uid }) => uid === ours.uid);
    for (const name of CONTRIBUTIONS) {
      if (theirs === undefined || differs(ours[name], theirs[name])) {
        const field = `${own.group}.leaveOneOut.${ours.uid}.${name}`;
        return { field, expected: ours[name], found: theirs?.[name] ?? null };
      }
    }
  }
  return null;
}
