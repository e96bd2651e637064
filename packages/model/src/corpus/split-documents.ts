import { createHash } from 'node:crypto';
import { CORPUS_PARTS, type Corpus, type CorpusDocument, type CorpusPart, type Domain } from './corpus.ts';

/** Shares of a corpus's characters by part; they add up to one. */
export type PartShares = Readonly<Record<CorpusPart, number>>;

const DEFAULT_SHARES: PartShares = { pretrain: 0.55, adapt: 0.3, heldout: 0.1, reporting: 0.05 };

/** Law is the smallest corpus: its held-out parts need a larger share to reach several hundred sections. */
const SHARES: Readonly<Record<Domain, PartShares>> = {
  prose: DEFAULT_SHARES,
  code: DEFAULT_SHARES,
  law: { pretrain: 0.53, adapt: 0.27, heldout: 0.14, reporting: 0.06 },
  math: DEFAULT_SHARES,
};

/**
 * A cluster with more than this share of a corpus goes to `pretrain`: elsewhere it would decide alone what is
 * learnt or measured.
 */
const LARGE_CLUSTER_SHARE = 0.1;
/** Nor may one cluster be more than this share of a smaller part. */
const MAX_SHARE_OF_PART = 0.25;

/**
 * Divides a corpus into disjoint parts with whole clusters in one part.
 *
 * Deterministic: clusters come in the order of their names' hashes, and each goes where most is missing.
 */
export function splitDocuments(
  corpus: Corpus,
  shares: PartShares = SHARES[corpus.domain],
): Readonly<Record<CorpusPart, readonly CorpusDocument[]>> {
  const clusters = new Map<string, { chars: number; documents: CorpusDocument[] }>();
  let totalChars = 0;
  for (const document of corpus.documents) {
    const cluster = clusters.get(document.cluster) ?? { chars: 0, documents: [] };
    cluster.chars += document.text.length;
    cluster.documents.push(document);
    clusters.set(document.cluster, cluster);
    totalChars += document.text.length;
  }

  const parts: Record<CorpusPart, CorpusDocument[]> = { pretrain: [], adapt: [], heldout: [], reporting: [] };
  const filled: Record<CorpusPart, number> = { pretrain: 0, adapt: 0, heldout: 0, reporting: 0 };
  const place = (part: CorpusPart, chars: number, documents: readonly CorpusDocument[]): void => {
    parts[part].push(...documents);
    filled[part] += chars;
  };
  const inHashOrder = [...clusters]
    .map(([name, cluster]) => ({ hash: createHash('sha256').update(name).digest('hex'), ...cluster }))
    .sort((left, right) => (left.hash < right.hash ? -1 : 1));
  const isLarge = (chars: number): boolean => chars > LARGE_CLUSTER_SHARE * totalChars;
  for (const { chars, documents } of inHashOrder) if (isLarge(chars)) place('pretrain', chars, documents);
  for (const { chars, documents } of inHashOrder) {
    if (isLarge(chars)) continue;
    let best: CorpusPart = 'pretrain';
    let bestMissing = Number.NEGATIVE_INFINITY;
    for (const part of CORPUS_PARTS) {
      const target = shares[part] * totalChars;
      if (part !== 'pretrain' && chars > MAX_SHARE_OF_PART * target) continue;
      const missing = 1 - filled[part] / target;
      if (missing > bestMissing) [best, bestMissing] = [part, missing];
    }
    place(best, chars, documents);
  }
  return parts;
}
