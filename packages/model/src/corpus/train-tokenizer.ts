import { trainBpe } from '../tokenizer/bpe-trainer.ts';
import type { TokenizerJson } from '../tokenizer/tokenizer-json.ts';
import type { CorpusDocument } from './corpus.ts';
import type { CorpusParts } from './load-corpus.ts';
import { generateMathCorpus } from './source/math.ts';

/** Separates documents and ends a text; always id 0. */
export const END_OF_TEXT = '<|endoftext|>';
export const END_OF_TEXT_ID = 0;

export type TokenizerTrainingOptions = {
  readonly vocabularySize: number;
  /** Text taken from each domain, so that the largest corpus does not own the vocabulary. */
  readonly maxCharsPerDomain: number;
};

/** What the foundation model's tokenizer.json was made with. */
export const FOUNDATION_TOKENIZER: TokenizerTrainingOptions = {
  vocabularySize: 4096,
  maxCharsPerDomain: 4_000_000,
};

/**
 * Trains a tokenizer on the `pretrain` parts of corpora, in equal measure over the domains.
 *
 * @example
 * const corpora = await Promise.all(DOMAINS.map((domain) => loadCorpusParts(domain)));
 * const json = trainTokenizer(corpora); // models/foundation/tokenizer.json
 */
export function trainTokenizer(
  corpora: readonly CorpusParts[],
  options: TokenizerTrainingOptions = FOUNDATION_TOKENIZER,
): TokenizerJson {
  const texts = corpora.flatMap((corpus) =>
    spreadSample(trainingDocuments(corpus), options.maxCharsPerDomain),
  );
  return trainBpe(texts, { vocabularySize: options.vocabularySize, specialTokens: [END_OF_TEXT] });
}

/** The tokenizer_config.json that goes with a trained tokenizer. */
export function tokenizerConfig(maxTokens: number): Record<string, unknown> {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: null,
    eos_token: END_OF_TEXT,
    pad_token: END_OF_TEXT,
    clean_up_tokenization_spaces: false,
    model_max_length: maxTokens,
  };
}

function trainingDocuments(corpus: CorpusParts): readonly CorpusDocument[] {
  // A vocabulary learns no answers, so it is trained on problems of both kinds: which are held out may change.
  if (corpus.domain === 'math') return generateMathCorpus('pretrain', { problems: 'all' }).documents;
  return corpus.parts.pretrain;
}

/** Every n-th document, n as small as fits the limit: the whole corpus is seen, thinly. */
function spreadSample(documents: readonly CorpusDocument[], maxChars: number): string[] {
  const total = documents.reduce((chars, document) => chars + document.text.length, 0);
  const stride = Math.max(1, Math.ceil(total / maxChars));
  return documents.filter((_, index) => index % stride === 0).map((document) => document.text);
}
