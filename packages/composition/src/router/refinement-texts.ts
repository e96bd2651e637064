import {
  type CorpusDocument,
  type CorpusParts,
  cutAsHeldOut,
  type Sequences,
  type Tokenizer,
} from '@connito/model';
import { beginnings, spread } from '../texts.ts';

/** Texts by kind, named as domains are. Both hold the same kinds, every specialist's domain among them. */
export type RefinementTexts = {
  /** Gradients come from these. */
  readonly fit: ReadonlyMap<string, Sequences>;
  /** Weights, and the choice among steps, come from these. */
  readonly choice: ReadonlyMap<string, Sequences>;
};

/** Most sequences of each kind: of training text, of the held-out text that is fitted on, and of that which is chosen on. */
const LIMITS = { adapt: 720, fitted: 480, chosen: 160 };
/** Else a book of a thousand sections would be most of its domain. */
const MAX_PER_CLUSTER = 8;

/**
 * What rows are refined on: training text with half of the held-out text, and what they are chosen on: the other half. Specialists
 * know their training text by heart, which flatters them there; held-out text does not. No cluster of documents is in both halves.
 * All are beginnings, training text cut as held-out text is: a token's domain is most in doubt before there is context.
 */
export function refinementTexts(
  corpora: ReadonlyMap<string, Pick<CorpusParts, 'parts'>>,
  tokenizer: Tokenizer,
  tokens: number,
): RefinementTexts {
  const fit = new Map<string, Sequences>();
  const choice = new Map<string, Sequences>();
  for (const [kind, { parts }] of corpora) {
    const of = (documents: readonly CorpusDocument[], limit: number) =>
      beginnings(fewOfEachCluster(documents), tokenizer, { limit, tokens });
    const cut = clusterBorder(parts.heldout);
    const trained = of(cutAsHeldOut(parts.adapt), LIMITS.adapt);
    fit.set(kind, joined(trained, of(parts.heldout.slice(0, cut), LIMITS.fitted)));
    choice.set(kind, of(parts.heldout.slice(cut), LIMITS.chosen));
  }
  return { fit, choice };
}

/** At most eight documents of each cluster, spread evenly over it. */
export function fewOfEachCluster(documents: readonly CorpusDocument[]): CorpusDocument[] {
  const clusters = Map.groupBy(documents, ({ cluster }) => cluster);
  return [...clusters.values()].flatMap((all) => spread(all, MAX_PER_CLUSTER));
}

/** Where a new cluster begins, at half of the documents or after; documents come cluster by cluster, in the order of hashes. */
function clusterBorder(documents: readonly CorpusDocument[]): number {
  const half = documents.length >> 1;
  for (let at = half; at < documents.length; at++) {
    if (documents[at]!.cluster !== documents[at - 1]?.cluster) return at;
  }
  return half;
}

function joined(one: Sequences, other: Sequences): Sequences {
  const data = new Int32Array(one.data.length + other.data.length);
  data.set(one.data);
  data.set(other.data, one.data.length);
  return { count: one.count + other.count, tokens: one.tokens, data };
}
