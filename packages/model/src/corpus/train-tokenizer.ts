import { trainBpe } from '../tokenizer/bpe-trainer.ts';
import type { TokenizerJson } from '../tokenizer/tokenizer-json.ts';
import type { CorpusDocument, Domain } from './corpus.ts';
import { loadCorpusParts } from './load-corpus.ts';
import { generateMathCorpus } from './source/math.ts';

/** Separates documents and ends a text; always id 0. */
export const END_OF_TEXT = '<|endoftext|>';
export const END_OF_TEXT_ID = 0;

export type TokenizerTrainingOptions = {
  readonly vocabularySize?: number;
  readonly domains?: readonly Domain[];
  /** Text taken from each domain, so that the largest corpus does not own the vocabulary. */
  readonly maxCharsPerDomain?: number;
};

/** Trains the foundation model's tokenizer on the `pretrain` parts, in equal measure over the domains. */
export async function trainTokenizer(options: TokenizerTrainingOptions = {}): Promise<TokenizerJson> {
  const { vocabularySize = 4096, domains = ['prose', 'code', 'law', 'math'] } = options;
  const { maxCharsPerDomain = 4_000_000 } = options;
  const texts: string[] = [];
  for (const domain of domains) {
    texts.push(...spreadSample(await trainingDocuments(domain), maxCharsPerDomain));
  }
  return trainBpe(texts, { vocabularySize, specialTokens: [END_OF_TEXT] });
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

async function trainingDocuments(domain: Domain): Promise<readonly CorpusDocument[]> {
  // A vocabulary learns no answers, so it is trained on problems of both kinds: which are held out may change.
  if (domain === 'math') return generateMathCorpus('pretrain', { problems: 'all' }).documents;
  return (await loadCorpusParts(domain)).parts.pretrain;
}

/** Every n-th document, n as small as fits the limit: the whole corpus is seen, thinly. */
function spreadSample(documents: readonly CorpusDocument[], maxChars: number): string[] {
  const total = documents.reduce((chars, document) => chars + document.text.length, 0);
  const stride = Math.max(1, Math.ceil(total / maxChars));
  return documents.filter((_, index) => index % stride === 0).map((document) => document.text);
}
