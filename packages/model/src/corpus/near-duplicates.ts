import type { CorpusDocument } from './corpus.ts';

/** Words in a shingle: long enough that common phrases rarely repeat one. */
const SHINGLE_WORDS = 8;
/** Every shingle whose hash is divisible by this is kept: an unbiased sample of about this fraction. */
const SAMPLE_MODULUS = 4;
/** Texts with more in common than this share of the shorter one are one cluster… */
const CLUSTER_CONTAINMENT = 0.5;
/** …and with more than this share of both, one of them is dropped. */
const DUPLICATE_RESEMBLANCE = 0.95;
/** A held-out section with more than this share of its wording in training text tests memory. */
const MAX_OVERLAP = 0.5;

/**
 * Drops near-copies and joins the clusters of documents that share much of their wording.
 *
 * Held-out text that training has seen under another name would pay memorising; exact hashes do not see it.
 */
export function clusterBySimilarity(documents: readonly CorpusDocument[]): CorpusDocument[] {
  const sketches = documents.map((document) => sampledShingles(document.text));
  const holders = new Map<number, number[]>();
  const parents = documents.map((_, index) => index);
  const find = (index: number): number => {
    let root = index;
    while (parents[root] !== root) root = parents[root]!;
    for (let at = index; at !== root; ) {
      const next = parents[at]!;
      parents[at] = root;
      at = next;
    }
    return root;
  };
  const firstOfCluster = new Map<string, number>();
  const dropped = new Set<number>();
  for (const [index, document] of documents.entries()) {
    const sketch = sketches[index]!;
    const shared = new Map<number, number>();
    for (const shingle of sketch) {
      for (const other of holders.get(shingle) ?? []) shared.set(other, (shared.get(other) ?? 0) + 1);
    }
    for (const [other, count] of shared) {
      const otherSize = sketches[other]!.size;
      if (count / (sketch.size + otherSize - count) >= DUPLICATE_RESEMBLANCE) dropped.add(index);
      if (count / Math.min(sketch.size, otherSize) >= CLUSTER_CONTAINMENT) union(parents, find, other, index);
    }
    const first = firstOfCluster.get(document.cluster);
    if (first === undefined) firstOfCluster.set(document.cluster, index);
    else union(parents, find, first, index);
    if (dropped.has(index)) continue;
    for (const shingle of sketch) {
      const list = holders.get(shingle);
      if (list === undefined) holders.set(shingle, [index]);
      else list.push(index);
    }
  }
  return documents.flatMap((document, index) =>
    dropped.has(index) ? [] : [{ ...document, cluster: documents[find(index)]!.cluster }],
  );
}

/** The wording of some documents, to compare others with. */
export type Wording = ReadonlySet<number>;

/** Collects the wording of documents. */
export function wordingOf(documents: readonly CorpusDocument[]): Wording {
  const known = new Set<number>();
  for (const { text } of documents) for (const shingle of sampledShingles(text)) known.add(shingle);
  return known;
}

/**
 * Drops documents that mostly repeat known wording: held-out sections which training has seen inside another
 * document, where the whole texts had too little in common to share a cluster.
 */
export function withoutOverlap(documents: readonly CorpusDocument[], known: Wording): CorpusDocument[] {
  return documents.filter((document) => {
    const sketch = sampledShingles(document.text);
    let shared = 0;
    for (const shingle of sketch) if (known.has(shingle)) shared += 1;
    return shared <= MAX_OVERLAP * sketch.size;
  });
}

/** The smaller root wins, so a cluster is named after its first document. */
function union(parents: number[], find: (index: number) => number, left: number, right: number): void {
  const [a, b] = [find(left), find(right)];
  parents[Math.max(a, b)] = Math.min(a, b);
}

/** Hashes of a text's word shingles, thinned evenly. */
function sampledShingles(text: string): Set<number> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  const hashes = words.map(hashWord);
  const sampled = new Set<number>();
  for (let at = 0; at + SHINGLE_WORDS <= hashes.length; at++) {
    let hash = 0;
    for (let offset = 0; offset < SHINGLE_WORDS; offset++)
      hash = Math.imul(hash ^ hashes[at + offset]!, 0x01000193);
    hash ^= hash >>> 15;
    // Kept signed: a Set of 32-bit integers is several times faster than one of doubles.
    hash = Math.imul(hash, 0x2c1b3c6d);
    if ((hash >>> 5) % SAMPLE_MODULUS === 0) sampled.add(hash);
  }
  return sampled;
}

/** FNV-1a over UTF-16 units. */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash;
}
