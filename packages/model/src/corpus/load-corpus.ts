import { CORPUS_PARTS, type Corpus, type CorpusDocument, type CorpusPart, type Domain } from './corpus.ts';
import { withoutDuplicates } from './duplicates.ts';
import { withoutOverlap, wordingOf } from './near-duplicates.ts';
import { isMainlyLatin } from './script.ts';
import { cutSections } from './sections.ts';
import { readCodeCorpus, readUnseenCodeCorpus } from './source/code.ts';
import { readLawCorpus } from './source/law.ts';
import { generateMathCorpus } from './source/math.ts';
import { readProseCorpus } from './source/prose.ts';
import { type PartShares, splitDocuments } from './split-documents.ts';

/** Gives well over the 129 tokens of a held-out sequence in every domain. */
const HELD_OUT_SECTION_CHARS = 800;
/** Lets miners' shares of the data come out even; pretraining takes documents whole. */
const ADAPT_SECTION_CHARS = 8000;

/** A small library: its held-out parts need larger shares to reach several hundred sections. */
const UNSEEN_CODE_SHARES: PartShares = { pretrain: 0.45, adapt: 0.25, heldout: 0.2, reporting: 0.1 };

/** One domain's documents by part, ready to be tokenised. */
export type CorpusParts = {
  readonly domain: Domain;
  readonly licence: string;
  readonly provenance: string;
  readonly parts: Readonly<Record<CorpusPart, readonly CorpusDocument[]>>;
};

/** Reads or generates a domain's corpus and divides it. */
export async function loadCorpusParts(domain: Domain): Promise<CorpusParts> {
  if (domain === 'math') return mathParts();
  const corpus = await readCorpus(domain);
  const split = domain === 'code' ? await splitCode(corpus) : splitDocuments(corpus);
  const trained = wordingOf([...split.pretrain, ...split.adapt]);
  const heldOutSections = (part: 'heldout' | 'reporting'): CorpusDocument[] =>
    withoutOverlap(cutAsHeldOut(split[part]), trained);
  const parts = {
    pretrain: split.pretrain,
    adapt: withoutDuplicates(cutAll(split.adapt, ADAPT_SECTION_CHARS)),
    heldout: heldOutSections('heldout'),
    reporting: heldOutSections('reporting'),
  };
  const provenance = domain === 'code' ? `${corpus.provenance}; adapted to zod's src` : corpus.provenance;
  return { domain, licence: corpus.licence, provenance, parts };
}

/**
 * Code is adapted to a library in another language and style than the one that pretraining has seen: a network that adapts
 * has something to learn there. What that library's own split keeps for pretraining is adapted on too.
 */
async function splitCode(seen: Corpus): Promise<Record<CorpusPart, readonly CorpusDocument[]>> {
  const unseen = splitDocuments(await readUnseenCodeCorpus(), UNSEEN_CODE_SHARES);
  const { pretrain } = splitDocuments(seen);
  return { ...unseen, pretrain, adapt: [...unseen.pretrain, ...unseen.adapt] };
}

function readCorpus(domain: 'prose' | 'code' | 'law'): Promise<Corpus> {
  switch (domain) {
    case 'prose':
      return readProseCorpus();
    case 'code':
      return readCodeCorpus();
    case 'law':
      return readLawCorpus();
  }
}

function mathParts(): CorpusParts {
  const corpora = CORPUS_PARTS.map((part) => [part, generateMathCorpus(part)] as const);
  const { domain, licence, provenance } = corpora[0]![1];
  return {
    domain,
    licence,
    provenance,
    parts: Object.fromEntries(corpora.map(([part, corpus]) => [part, corpus.documents])) as Record<
      CorpusPart,
      readonly CorpusDocument[]
    >,
  };
}

/** Documents in sections as long as those of held-out text, no two alike. */
export function cutAsHeldOut(documents: readonly CorpusDocument[]): CorpusDocument[] {
  return withoutDuplicates(cutAll(documents, HELD_OUT_SECTION_CHARS));
}

function cutAll(documents: readonly CorpusDocument[], sectionChars: number): CorpusDocument[] {
  const sections = documents.flatMap((document) => cutSections(document, sectionChars));
  return sections.filter(({ text }) => isMainlyLatin(text));
}
