import type { Neuron } from '@connito/ledger';
import {
  type ExpertGroupId,
  evaluationSeedBlock,
  MAX_REPORT_BYTES,
  type MinerOutcome,
  type Reason,
  type Report,
  submissionOf,
  type Uid,
} from '@connito/protocol';
import { readReport, type TokenSources } from '@connito/run';
import { drawExam } from '@connito/validator';
import { type RoundView, readOrNull } from '../round-view.ts';
import type { DuplicateReplay } from './duplicate-replay.ts';

/** What the ledger said may depend on when a validator looked: before a late note was sealed, it was simply not there. */
const LATENESS: Readonly<Record<string, string>> = {
  late_reveal: 'not_revealed',
  late_commit: 'no_commitment',
};

type Documents = Pick<Report['baselines'][number], 'domainDocuments' | 'generalDocuments'>;

/**
 * Checks every committed report against the record: draw, verdicts, numbers, losses and copies. Returns the uids of validators
 * whose measurements the replay contradicts.
 */
export async function checkReports(
  view: RoundView,
  sources: TokenSources,
  duplicates: DuplicateReplay,
): Promise<Set<Uid>> {
  const { context, facts, notes, notebook } = view;
  const { schedule } = context.definition;
  const drawn = await drawnDocuments(view, sources);
  const wrong = new Set<Uid>();
  for (const validator of facts.validators) {
    const note = submissionOf(notes, validator.hotkey, 'report', facts.round, schedule);
    if (note.kind !== 'submitted') continue;
    const artefact = `report of uid ${validator.uid}`;
    const bytes = await readOrNull(view, note.note.report, MAX_REPORT_BYTES);
    if (bytes === null) {
      // One that was attested to would have ended the round's replay.
      notebook.finds(validator, { artefact, field: 'bytes', expected: 'published', found: 'missing' });
      continue;
    }
    const { run, definition } = context;
    const expected = { run, round: facts.round, validator: validator.hotkey, baseState: view.base.hash };
    const read = readReport(bytes, expected, definition);
    if (read.kind === 'refused') {
      notebook.finds(validator, { artefact, ...read.fault });
      continue;
    }
    const before = notebook.findings.length;
    checkDraw(view, validator, read.report, drawn);
    for (const { uid, hotkey } of facts.miners) {
      const outcome = read.report.outcomes.find((candidate) => candidate.uid === uid);
      const field = `outcomes.${uid}`;
      if (outcome === undefined) {
        notebook.finds(validator, { artefact, field, expected: hotkey, found: 'nothing' });
        continue;
      }
      checkOutcome(view, validator, read.report, outcome);
    }
    duplicates.check(view, validator, read.report);
    if (notebook.findings.length > before) wrong.add(validator.uid);
  }
  return wrong;
}

async function drawnDocuments(
  { context, facts }: RoundView,
  sources: TokenSources,
): Promise<Map<ExpertGroupId, Documents>> {
  const { definition, ledger } = context;
  const seedBlock = await ledger.block(evaluationSeedBlock(facts.round, definition.schedule));
  const draw = { round: facts.round, blockHash: seedBlock.hash, purpose: 'score' } as const;
  const { documents, rows } = await drawExam(context, sources, definition.groups, draw);
  return new Map(
    [...rows].map(([group, { domain, general }]) => [
      group,
      {
        domainDocuments: domain.map((row) => documents[row]!.document),
        generalDocuments: general.map((row) => ({ ...documents[row]! })),
      },
    ]),
  );
}

function checkDraw(
  { notebook, own, comparison, build }: RoundView,
  validator: Neuron,
  report: Report,
  drawn: ReadonlyMap<ExpertGroupId, Documents>,
): void {
  const artefact = `report of uid ${validator.uid}`;
  for (const baseline of report.baselines) {
    const { group } = baseline;
    const expected = drawn.get(group);
    for (const name of ['domainDocuments', 'generalDocuments'] as const) {
      notebook.compares(
        validator,
        { artefact, field: `baselines.${group}.${name}` },
        expected?.[name] ?? null,
        baseline[name].map((document) =>
          typeof document === 'number' ? document : { source: document.source, document: document.document },
        ),
      );
    }
    const measured = own?.baselines.find((candidate) => candidate.group === group);
    if (measured === undefined) continue;
    for (const name of ['domainBefore', 'generalBase', 'generalBefore'] as const) {
      const wrong = comparison.losses(measured[name], baseline[name], report.build === build);
      if (wrong !== null) {
        const field = `baselines.${group}.${name}.${wrong.at}`;
        notebook.finds(validator, { artefact, field, expected: wrong.expected, found: wrong.found });
      }
    }
  }
}

/** Faults that only an exam shows. */
const MEASURED: readonly Reason[] = ['non_finite_loss', 'excessive_travel'];

function checkOutcome(view: RoundView, validator: Neuron, report: Report, outcome: MinerOutcome): void {
  const { notebook, reveals, facts } = view;
  const { uid } = outcome;
  const place = { artefact: `report of uid ${validator.uid}`, field: `outcomes.${uid}` };
  const miner = facts.miners.find((candidate) => candidate.uid === uid)!;
  const identity = { hotkey: miner.hotkey, group: facts.assignments.get(uid)!.group };
  notebook.compares(validator, place, identity, { hotkey: outcome.hotkey, group: outcome.group });
  // Whoever could not say is never held to it, and nobody is to what is not in the record.
  const reveal = reveals.find((candidate) => candidate.uid === uid)!;
  if (outcome.kind === 'abstained' || reveal.kind === 'missing') return;
  const said = outcome.kind === 'invalid' ? outcome.reason : 'measured';
  if (reveal.kind === 'invalid') {
    if (untimed(said) !== untimed(reveal.reason)) {
      notebook.finds(validator, { ...place, expected: reveal.reason, found: said });
    }
    return;
  }
  const own = view.own?.outcomes.find((candidate) => candidate.uid === uid);
  if (own === undefined || own.kind === 'abstained') {
    if (outcome.kind === 'invalid' && !MEASURED.includes(outcome.reason)) {
      notebook.finds(validator, { ...place, expected: 'a valid reveal', found: outcome.reason });
    }
    return;
  }
  checkMeasured(view, validator, report, outcome, own);
}

function checkMeasured(
  { notebook, comparison, build }: RoundView,
  validator: Neuron,
  report: Report,
  outcome: MinerOutcome,
  own: MinerOutcome,
): void {
  const place = { artefact: `report of uid ${validator.uid}`, field: `outcomes.${outcome.uid}` };
  const isOwnBuild = report.build === build;
  if (own.kind === 'invalid' || outcome.kind === 'invalid') {
    const said = (of: MinerOutcome) => (of.kind === 'invalid' ? of.reason : 'measured');
    if (said(own) !== said(outcome)) {
      notebook.finds(validator, { ...place, expected: said(own), found: said(outcome) });
    }
    return;
  }
  if (own.kind === 'abstained' || outcome.kind === 'abstained') return;
  // On another build the rule of futility may strike a batch earlier or later: the losses both measured must still agree.
  if (own.kind !== outcome.kind && (isOwnBuild || (outcome.kind === 'scored' && outcome.scoreNanoNats > 0))) {
    notebook.finds(validator, { ...place, expected: own.kind, found: outcome.kind });
    return;
  }
  const both = Math.min(own.domainAfter.length, outcome.domainAfter.length);
  const [ours, theirs] = [own, outcome].map(({ domainAfter }) =>
    isOwnBuild ? domainAfter : domainAfter.slice(0, both),
  ) as [number[], number[]];
  const wrong = comparison.losses(ours, theirs, isOwnBuild);
  if (wrong !== null) {
    const field = `${place.field}.domainAfter.${wrong.at}`;
    notebook.finds(validator, { ...place, field, expected: wrong.expected, found: wrong.found });
    return;
  }
  if (own.kind === 'futile' || outcome.kind === 'futile') return;
  const general = comparison.losses(own.generalAfter, outcome.generalAfter, isOwnBuild);
  if (general !== null) {
    const field = `${place.field}.generalAfter.${general.at}`;
    notebook.finds(validator, { ...place, field, expected: general.expected, found: general.found });
  }
}

function untimed(reason: string): string {
  return LATENESS[reason] ?? reason;
}
