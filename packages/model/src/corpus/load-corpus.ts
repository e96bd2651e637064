import { CORPUS_PARTS, type Corpus, type CorpusDocument, type CorpusPart, type Domain } from './corpus.ts';
import { withoutDuplicates } from './duplicates.ts';
import { cutSections } from './sections.ts';
import { readCodeCorpus } from './source/code.ts';
import { readLawCorpus } from './source/law.ts';
import { generateMathCorpus } from './source/math.ts';
import { readProseCorpus } from './source/prose.ts';
import { splitDocuments } from './split-documents.ts';

/**
 * Length at which documents of a part are cut. Held-out sections give well over 129 tokens each; adapt sections
 * let miners' shares of the data come out even; pretraining takes documents whole.
 */
const SECTION_CHARS: Readonly<Record<CorpusPart, number | null>> = {
  pretrain: null,
  adapt: 8000,
  heldout: 1000,
  reporting: 1000,
};

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
  const split = splitDocuments(corpus);
  const parts = Object.fromEntries(
    CORPUS_PARTS.map((part) => [part, sectionsOf(split[part], SECTION_CHARS[part])]),
  ) as Record<CorpusPart, CorpusDocument[]>;
  return { domain, licence: corpus.licence, provenance: corpus.provenance, parts };
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

function sectionsOf(documents: readonly CorpusDocument[], sectionChars: number | null): CorpusDocument[] {
  if (sectionChars === null) return [...documents];
  // Versions of one text repeat whole sections.
  return withoutDuplicates(documents.flatMap((document) => cutSections(document, sectionChars)));
}
