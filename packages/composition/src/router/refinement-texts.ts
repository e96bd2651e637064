import type { CorpusDocument, CorpusParts, Sequences, Tokenizer } from '@connito/model';
import { excerpts } from '../texts.ts';

/** Texts by kind, named as domains are. Both hold the same kinds, every specialist's domain among them. */
export type RefinementTexts = {
  /** Gradients come from these. */
  readonly fit: ReadonlyMap<string, Sequences>;
  /** Weights, and the choice among steps, come from these. */
  readonly choice: ReadonlyMap<string, Sequences>;
};

/** Most sequences of each kind: of training text, of the held-out text that is fitted on, and of that which is chosen on. */
const LIMITS = { adapt: 480, fitted: 480, chosen: 160 };
/** Code's training text has few documents, but long ones. */
const PER_DOCUMENT = 4;

/**
 * What rows are refined on: training text with half of the held-out text, and what they are chosen on: the other half. Specialists
 * know their training text by heart, which flatters them there; held-out text does not. No cluster of documents is in both halves.
 */
export function refinementTexts(
  corpora: ReadonlyMap<string, Pick<CorpusParts, 'parts'>>,
  tokenizer: Tokenizer,
  tokens: number,
): RefinementTexts {
  const fit = new Map<string, Sequences>();
  const choice = new Map<string, Sequences>();
  for (const [kind, { parts }] of corpora) {
    const cut = clusterBorder(parts.heldout);
    const heldOut = (documents: readonly CorpusDocument[], limit: number) =>
      excerpts({ parts: { ...parts, heldout: documents } }, 'heldout', tokenizer, { limit, tokens });
    const trained = excerpts({ parts }, 'adapt', tokenizer, {
      limit: LIMITS.adapt,
      tokens,
      perDocument: PER_DOCUMENT,
    });
    fit.set(kind, joined(trained, heldOut(parts.heldout.slice(0, cut), LIMITS.fitted)));
    choice.set(kind, heldOut(parts.heldout.slice(cut), LIMITS.chosen));
  }
  return { fit, choice };
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
