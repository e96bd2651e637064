/** What a corpus is about; `prose` is trained by no group and stands for the general domain. */
export const DOMAINS = ['prose', 'code', 'law', 'math'] as const;
export type Domain = (typeof DOMAINS)[number];

/** One text. Documents of one cluster share wording, so they never fall into different parts. */
export type CorpusDocument = {
  readonly id: string;
  readonly text: string;
  readonly cluster: string;
};

/** The documents of one domain and where they come from. */
export type Corpus = {
  readonly domain: Domain;
  /** Licence of the texts. */
  readonly licence: string;
  /** Package name and version, or the generator, and what was left out. */
  readonly provenance: string;
  readonly documents: readonly CorpusDocument[];
};

/**
 * Disjoint uses of a corpus: `pretrain` for the foundation model, `adapt` for expert groups, `heldout` for
 * Proof-of-Loss, `reporting` for figures that nothing is selected by.
 */
export const CORPUS_PARTS = ['pretrain', 'adapt', 'heldout', 'reporting'] as const;
export type CorpusPart = (typeof CORPUS_PARTS)[number];
