import type { CorpusPart, CorpusParts, Sequences, Tokenizer } from '@connito/model';

/** Gives more than 129 tokens of any text that this build knows. */
const EXCERPT_CHARS = 1500;

/**
 * One sequence from each of at most `limit` documents, spread evenly over a part of a corpus: from a third of the document on
 * for the parts that statistics come from, from its beginning for those that are measured. Only what is used is tokenised.
 */
export function excerpts(
  { parts }: Pick<CorpusParts, 'parts'>,
  part: CorpusPart,
  tokenizer: Tokenizer,
  { limit, tokens }: { readonly limit: number; readonly tokens: number },
): Sequences {
  const documents = parts[part];
  const wanted = Math.min(documents.length, limit);
  const rows: Uint32Array[] = [];
  for (let i = 0; i < wanted; i++) {
    const { text } = documents[Math.floor((i * documents.length) / wanted)]!;
    const from = part === 'pretrain' || part === 'adapt' ? Math.floor(text.length / 3) : 0;
    const ids = tokenizer.encode(text.slice(from, from + EXCERPT_CHARS));
    if (ids.length > tokens) rows.push(Uint32Array.from(ids.slice(0, tokens + 1)));
  }
  const data = new Int32Array(rows.length * (tokens + 1));
  for (const [i, row] of rows.entries()) data.set(row, i * (tokens + 1));
  return { count: rows.length, tokens, data };
}

/** At most `limit` sequences, spread evenly. */
export function thinned(all: Sequences, limit: number): Sequences {
  const count = Math.min(limit, all.count);
  const width = all.tokens + 1;
  const data = new Int32Array(count * width);
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * all.count) / count);
    data.set(all.data.subarray(row * width, (row + 1) * width), i * width);
  }
  return { count, tokens: all.tokens, data };
}

/** All sequences of some lists of one length, in turn: the first of each, then the second of each, as far as all go. */
export function interleaved(lists: readonly Sequences[]): Sequences {
  const each = Math.min(...lists.map(({ count }) => count));
  const width = lists[0]!.tokens + 1;
  const data = new Int32Array(each * lists.length * width);
  for (let i = 0; i < each; i++) {
    for (const [at, list] of lists.entries()) {
      data.set(list.data.subarray(i * width, (i + 1) * width), (i * lists.length + at) * width);
    }
  }
  return { count: each * lists.length, tokens: lists[0]!.tokens, data };
}
