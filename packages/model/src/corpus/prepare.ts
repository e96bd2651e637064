import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { CorpusPart, Domain } from './corpus.ts';
import { type CorpusParts, loadCorpusParts } from './load-corpus.ts';
import { createTokenShard, type TokenShard } from './token-shard.ts';

export type PrepareOptions = {
  readonly tokenizer: Tokenizer;
  readonly domains: readonly Domain[];
  readonly parts: readonly CorpusPart[];
  /** The first so many documents of each part, for tests and quick starts. */
  readonly maxDocuments?: number;
};

/** One domain's part, tokenised. */
export type PreparedShard = {
  readonly domain: Domain;
  readonly part: CorpusPart;
  readonly licence: string;
  readonly provenance: string;
  /** UTF-8 bytes of the text: bits per byte = nats per token × tokens / bytes / ln 2. */
  readonly textBytes: number;
  readonly shard: TokenShard;
};

/** Reads, divides and tokenises corpora: one shard for each domain and part, by domain, then part. */
export async function prepareCorpora(options: PrepareOptions): Promise<PreparedShard[]> {
  const prepared: PreparedShard[] = [];
  for (const domain of options.domains) {
    const corpus = await loadCorpusParts(domain);
    for (const part of options.parts) {
      prepared.push(prepareShard(corpus, part, options.tokenizer, options.maxDocuments));
    }
  }
  return prepared;
}

/** Tokenises one part of a loaded corpus. */
export function prepareShard(
  corpus: CorpusParts,
  part: CorpusPart,
  tokenizer: Tokenizer,
  maxDocuments?: number,
): PreparedShard {
  let textBytes = 0;
  const documents = corpus.parts[part].slice(0, maxDocuments).map(({ text, cluster }) => {
    textBytes += Buffer.byteLength(text);
    return { tokens: tokenizer.encode(text), cluster };
  });
  const { domain, licence, provenance } = corpus;
  const shard = createTokenShard(documents, tokenizer.vocabularySize);
  return { domain, part, licence, provenance, textBytes, shard };
}
