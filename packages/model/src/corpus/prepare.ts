import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { CorpusPart, Domain } from './corpus.ts';
import { loadCorpusParts } from './load-corpus.ts';
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

/** Reads, divides and tokenises corpora, one shard for each domain and part. */
export async function prepareCorpora(options: PrepareOptions): Promise<PreparedShard[]> {
  const { tokenizer, maxDocuments } = options;
  const prepared: PreparedShard[] = [];
  for (const domain of options.domains) {
    const corpus = await loadCorpusParts(domain);
    for (const part of options.parts) {
      const documents = corpus.parts[part].slice(0, maxDocuments);
      let textBytes = 0;
      const shard = createTokenShard(
        documents.map(({ text, cluster }) => {
          textBytes += Buffer.byteLength(text);
          return { tokens: tokenizer.encode(text), cluster };
        }),
        tokenizer.vocabularySize,
      );
      const { licence, provenance } = corpus;
      prepared.push({ domain, part, licence, provenance, textBytes, shard });
    }
  }
  return prepared;
}
