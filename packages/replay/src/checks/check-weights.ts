import type { ChainWeight, LedgerExtract } from '@connito/ledger';
import { chainWeights, type Uid, windowOf } from '@connito/protocol';
import { roundCredits } from '@connito/run';
import type { RoundView } from '../round-view.ts';

/** Checks the chain weights that validators posted in the publish window against what the round's work earned. */
export async function checkWeights(
  view: RoundView,
  extract: LedgerExtract,
  signal: AbortSignal,
): Promise<void> {
  const { context, facts, notes, verdict, notebook } = view;
  const { credits } = await roundCredits(context, facts, notes, verdict, signal);
  const expected = chainWeights(credits, context.definition);
  const posted = postedWeights(extract, windowOf(facts.round, 'publish', context.definition.schedule));
  for (const validator of facts.validators) {
    const own = posted.get(validator.uid);
    // Who posts nothing earns no dividends, which is between it and the ledger.
    if (own === undefined) continue;
    const ordered = [...own].sort((a, b) => a.uid - b.uid).map(({ uid, weight }) => ({ uid, weight }));
    notebook.compares(
      validator,
      { artefact: `chain weights of uid ${validator.uid}`, field: 'weights' },
      expected,
      ordered,
    );
  }
}

function postedWeights(
  { blocks }: LedgerExtract,
  { firstBlock, lastBlock }: { readonly firstBlock: number; readonly lastBlock: number },
): Map<Uid, readonly ChainWeight[]> {
  const posted = new Map<Uid, readonly ChainWeight[]>();
  for (const { content } of blocks.slice(firstBlock - 1, lastBlock)) {
    for (const { uid, weights } of content.weights) posted.set(uid, weights);
  }
  return posted;
}
