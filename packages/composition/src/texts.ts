import type { CorpusDocument, CorpusPart, CorpusParts, Sequences, Tokenizer } from '@connito/model';

/** Gives more than 129 tokens of any text that this build knows. */
const EXCERPT_CHARS = 1500;

export type ExcerptOptions = { readonly limit: number; readonly tokens: number };

/**
 * One sequence from each of at most `limit` documents, spread evenly over a part of a corpus: from a third of the document on
 * for the parts that statistics come from, from its beginning for those that are measured.
 */
export function excerpts(
  { parts }: Pick<CorpusParts, 'parts'>,
  part: CorpusPart,
  tokenizer: Tokenizer,
  options: ExcerptOptions,
): Sequences {
  const measured = part === 'heldout' || part === 'reporting';
  return sequencesFrom(measured ? 0 : 1 / 3, parts[part], tokenizer, options);
}

/** The beginning of each of at most `limit` documents, spread evenly. */
export function beginnings(
  documents: readonly CorpusDocument[],
  tokenizer: Tokenizer,
  options: ExcerptOptions,
): Sequences {
  return sequencesFrom(0, documents, tokenizer, options);
}

/** Only what is used is tokenised. Documents that are too short from there on are left out. */
function sequencesFrom(
  start: number,
  documents: readonly CorpusDocument[],
  tokenizer: Tokenizer,
  { limit, tokens }: ExcerptOptions,
): Sequences {
  const rows: Uint32Array[] = [];
  for (const { text } of spread(documents, limit)) {
    const from = Math.floor(text.length * start);
    const ids = tokenizer.encode(text.slice(from, from + EXCERPT_CHARS));
    if (ids.length > tokens) rows.push(Uint32Array.from(ids.slice(0, tokens + 1)));
  }
  const data = new Int32Array(rows.length * (tokens + 1));
  for (const [i, row] of rows.entries()) data.set(row, i * (tokens + 1));
  return { count: rows.length, tokens, data };
}

/** At most `limit` of a list, spread evenly over it. */
export function spread<T>(list: readonly T[], limit: number): T[] {
  const count = Math.min(limit, list.length);
  return Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)]!);
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
