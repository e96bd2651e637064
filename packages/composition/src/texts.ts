import type { CorpusPart, CorpusParts, Sequences, Tokenizer } from '@connito/model';

/** Gives more than 129 tokens of any text that this build knows. */
const EXCERPT_CHARS = 1500;

export type ExcerptOptions = {
  readonly limit: number;
  readonly tokens: number;
  /** Most sequences of one document, spread over it; only for the parts that are not measured. Default: 1. */
  readonly perDocument?: number;
};

/**
 * One sequence from each of at most `limit` documents, spread evenly over a part of a corpus: from a third of the document on
 * for the parts that statistics come from, from its beginning for those that are measured. Where there are fewer documents than
 * that, up to `perDocument` of each. Only what is used is tokenised.
 */
export function excerpts(
  { parts }: Pick<CorpusParts, 'parts'>,
  part: CorpusPart,
  tokenizer: Tokenizer,
  { limit, tokens, perDocument = 1 }: ExcerptOptions,
): Sequences {
  const documents = parts[part];
  const measured = part === 'heldout' || part === 'reporting';
  const each = measured ? 1 : Math.max(1, Math.min(perDocument, Math.ceil(limit / documents.length)));
  const wanted = Math.min(documents.length, Math.ceil(limit / each));
  const rows: Uint32Array[] = [];
  for (let i = 0; i < wanted; i++) {
    const { text } = documents[Math.floor((i * documents.length) / wanted)]!;
    for (let k = 1; k <= each; k++) {
      const from = measured ? 0 : Math.floor((text.length * k) / (each + 2));
      const ids = tokenizer.encode(text.slice(from, from + EXCERPT_CHARS));
      if (ids.length > tokens) rows.push(Uint32Array.from(ids.slice(0, tokens + 1)));
    }
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
