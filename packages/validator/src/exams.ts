import type { Exam, ExamBaseline, ExamRows } from '@connito/model';
import {
  drawAcrossPools,
  drawSequences,
  type ExpertGroup,
  type ExpertGroupId,
  expertsOf,
} from '@connito/protocol';
import { pickAcross, type RunContext, type SequencePool, type TokenSources } from '@connito/run';

/** A document of a held-out source. */
export type ExamDocument = { readonly source: string; readonly document: number };

/** All sequences drawn for one purpose of a round, and which of them matter to which group. */
export type DrawnExam = {
  readonly exam: Exam;
  /** The document of each sequence. */
  readonly documents: readonly ExamDocument[];
  readonly rows: ReadonlyMap<ExpertGroupId, ExamRows>;
};

/** Why sequences are drawn: to score updates, or to measure their merge. Each has a draw of its own. */
export type ExamPurpose = 'score' | 'merge';

/**
 * Draws held-out sequences from a block hash that nobody knew while anything could still be revealed. Each group has its own
 * domain's. General ones are half from sources that no group trains on and half from the other groups' draws, so that all
 * groups share most of them and each is measured before the updates only once.
 */
export async function drawExam(
  context: Pick<RunContext, 'definition' | 'run'>,
  sources: TokenSources,
  groups: readonly ExpertGroup[],
  draw: { readonly round: number; readonly blockHash: string; readonly purpose: ExamPurpose },
): Promise<DrawnExam> {
  const { definition, run } = context;
  const { domainSequences, generalSequences, sequenceTokens } = definition.scoring;
  const { round, blockHash, purpose } = draw;
  const label = (what: string) => ({ run, round, label: `${purpose}/${what}` });

  const documents: ExamDocument[] = [];
  const chosen: { pool: SequencePool; row: number }[] = [];
  const add = async ({ source, document }: ExamDocument): Promise<number> => {
    chosen.push({ pool: await sources.pool(source), row: document });
    return documents.push({ source, document }) - 1;
  };

  const domainRows = new Map<ExpertGroupId, number[]>();
  for (const { id, heldOutSource } of definition.groups) {
    const { count } = await sources.pool(heldOutSource);
    const drawn = drawSequences(blockHash, label(`domain/${id}`), count, domainSequences);
    const rows: number[] = [];
    for (const document of drawn) rows.push(await add({ source: heldOutSource, document }));
    domainRows.set(id, rows);
  }

  const fromEachOther = Math.floor(generalSequences / 2 / Math.max(1, definition.groups.length - 1));
  const untrained = generalSequences - fromEachOther * (definition.groups.length - 1);
  const pools: { source: string; documents: number }[] = [];
  for (const source of definition.generalSources) {
    pools.push({ source, documents: (await sources.pool(source)).count });
  }
  const shared: number[] = [];
  for (const document of drawAcrossPools(blockHash, label('general'), pools, untrained))
    shared.push(await add(document));

  const rows = new Map<ExpertGroupId, ExamRows>();
  for (const { id } of groups) {
    const others = definition.groups.filter((group) => group.id !== id);
    const general = others.flatMap((group) => domainRows.get(group.id)!.slice(0, fromEachOther));
    rows.set(id, { domain: domainRows.get(id)!, general: [...shared, ...general] });
  }
  const baseRows = [...new Set([...rows.values()].flatMap(({ general }) => general))];
  const lowestLayer = Math.min(...groups.flatMap((group) => expertsOf(group).map(({ layer }) => layer)));
  const exam = { id: purpose, sequences: pickAcross(sequenceTokens, chosen), lowestLayer, baseRows };
  return { exam, documents, rows };
}

/** One group's part of a baseline. */
export type GroupBaseline = {
  readonly domainBefore: Float64Array;
  readonly generalBase: Float64Array;
  readonly generalBefore: Float64Array;
};

export function groupBaseline(
  drawn: DrawnExam,
  { before, base }: ExamBaseline,
  group: ExpertGroupId,
): GroupBaseline {
  const { domain, general } = drawn.rows.get(group)!;
  const baseOf = new Map(drawn.exam.baseRows.map((row, i) => [row, base[i]!]));
  return {
    domainBefore: Float64Array.from(domain, (row) => before[row]!),
    generalBase: Float64Array.from(general, (row) => baseOf.get(row)!),
    generalBefore: Float64Array.from(general, (row) => before[row]!),
  };
}
