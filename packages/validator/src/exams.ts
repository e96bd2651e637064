import type { Exam, Sequences } from '@connito/model';
import {
  drawAcrossPools,
  drawSequences,
  type ExpertGroup,
  type ExpertGroupId,
  expertsOf,
  type PooledDocument,
} from '@connito/protocol';
import { pick, pickAcross, type RunContext, type SequencePool, type TokenSources } from '@connito/run';

/** The sequences drawn for one group in one round, and where they come from. */
export type DrawnExam = {
  readonly exam: Exam;
  readonly domainDocuments: readonly number[];
  readonly generalDocuments: readonly PooledDocument[];
};

/**
 * Draws a group's held-out sequences from a block hash that nobody knew while anything could still be revealed. General
 * sequences come from sources that no group trains on and from the other groups' held-out sources. `purpose` separates
 * the draw that scores updates from the one that measures their merge.
 */
export async function drawExam(
  context: RunContext,
  sources: TokenSources,
  group: ExpertGroup,
  draw: { readonly round: number; readonly blockHash: string; readonly purpose: 'score' | 'merge' },
): Promise<DrawnExam> {
  const { definition, run } = context;
  const { domainSequences, generalSequences, sequenceTokens } = definition.scoring;
  const { round, blockHash, purpose } = draw;
  const label = (kind: string): { run: typeof run; round: number; label: string } => ({
    run,
    round,
    label: `${purpose}/${kind}/${group.id}`,
  });
  const own = await sources.pool(group.heldOutSource);
  const domainDocuments = drawSequences(blockHash, label('domain'), own.count, domainSequences);

  const pools = new Map<string, SequencePool>();
  for (const id of generalSourceIds(context, group.id)) pools.set(id, await sources.pool(id));
  const sizes = [...pools].map(([source, { count }]) => ({ source, documents: count }));
  const generalDocuments = drawAcrossPools(blockHash, label('general'), sizes, generalSequences);
  const rows = generalDocuments.map(({ source, document }) => ({ pool: pools.get(source)!, row: document }));
  const general: Sequences = pickAcross(sequenceTokens, rows);
  const lowestLayer = Math.min(...expertsOf(group).map(({ layer }) => layer));
  const exam = { id: `${purpose}/${group.id}`, domain: pick(own, domainDocuments), general, lowestLayer };
  return { exam, domainDocuments, generalDocuments };
}

/** Held-out sources that say what an update of this group does to everything else. */
function generalSourceIds({ definition }: RunContext, group: ExpertGroupId): string[] {
  const others = definition.groups.filter(({ id }) => id !== group).map(({ heldOutSource }) => heldOutSource);
  return [...definition.generalSources, ...others];
}
