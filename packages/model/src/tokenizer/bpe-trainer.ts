import { BYTE_TO_CHAR } from './byte-alphabet.ts';
import { TokenizerError } from './errors.ts';
import { PriorityHeap } from './priority-heap.ts';
import { compileSplitPattern, DEFAULT_SPLIT_PATTERN, splitAll } from './split-pattern.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

export type BpeTrainingOptions = {
  /** Special tokens, the 256 bytes and the merges together. At most 65,536: token shards store u16. */
  readonly vocabularySize: number;
  /** Get the first ids, in this order. */
  readonly specialTokens: readonly string[];
  readonly splitPattern?: string;
  /** Pairs seen less often are not merged, even if the vocabulary then stays smaller. */
  readonly minFrequency?: number;
};

const MAX_VOCABULARY = 65_536;
/** A pair `(left, right)` of token ids is the number `left * PAIR_BASE + right`. */
const PAIR_BASE = MAX_VOCABULARY;

/**
 * Trains a byte-level BPE vocabulary and returns it as a standard tokenizer.json.
 *
 * Deterministic: of the most frequent pairs, the one with the smallest left id and then the smallest right id
 * is merged first, as in Hugging Face's own trainer.
 *
 * @example
 * const json = trainBpe(documents, { vocabularySize: 4096, specialTokens: ['<|endoftext|>'] });
 * const tokenizer = createTokenizer(json);
 */
export function trainBpe(texts: Iterable<string>, options: BpeTrainingOptions): TokenizerJson {
  const { vocabularySize, specialTokens } = options;
  const splitPattern = options.splitPattern ?? DEFAULT_SPLIT_PATTERN;
  const minFrequency = options.minFrequency ?? 2;
  const firstMergeId = specialTokens.length + 256;
  if (vocabularySize < firstMergeId || vocabularySize > MAX_VOCABULARY) {
    throw new TokenizerError(
      'tokenizer_training',
      `Vocabulary size ${vocabularySize} is outside ${firstMergeId} to ${MAX_VOCABULARY}.`,
      { vocabularySize },
    );
  }

  const alphabet = byteAlphabet(specialTokens.length);
  const tokens = [...specialTokens, ...alphabet.chars];
  const words = countWords(texts, compileSplitPattern(splitPattern), alphabet.idOfByte);
  const merges: [string, string][] = [];
  for (const [left, right] of mergePairs(words, firstMergeId, vocabularySize, minFrequency)) {
    merges.push([tokens[left]!, tokens[right]!]);
    tokens.push(tokens[left]! + tokens[right]!);
  }

  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: splitPattern }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

type ByteAlphabet = { readonly chars: readonly string[]; readonly idOfByte: Uint16Array };

function byteAlphabet(firstId: number): ByteAlphabet {
  // Ids follow the order of the characters, not of the bytes, as Hugging Face's trainer numbers them.
  const chars = [...BYTE_TO_CHAR].sort((left, right) => left.charCodeAt(0) - right.charCodeAt(0));
  const idOfByte = new Uint16Array(256);
  for (const [byte, char] of BYTE_TO_CHAR.entries()) idOfByte[byte] = firstId + chars.indexOf(char);
  return { chars, idOfByte };
}

type Words = { readonly symbols: number[][]; readonly counts: number[] };

function countWords(texts: Iterable<string>, pattern: RegExp, idOfByte: Uint16Array): Words {
  const counted = new Map<string, number>();
  for (const text of texts) {
    for (const piece of splitAll(text, pattern)) counted.set(piece, (counted.get(piece) ?? 0) + 1);
  }
  const symbols: number[][] = [];
  const counts: number[] = [];
  const encoder = new TextEncoder();
  for (const [piece, count] of counted) {
    symbols.push(Array.from(encoder.encode(piece), (byte) => idOfByte[byte]!));
    counts.push(count);
  }
  return { symbols, counts };
}

function* mergePairs(
  words: Words,
  firstMergeId: number,
  vocabularySize: number,
  minFrequency: number,
): Generator<[left: number, right: number]> {
  const pairCounts = new Map<number, number>();
  /** Words that held the pair when it was counted; may list a word that has lost it since. */
  const pairWords = new Map<number, number[]>();
  const add = (left: number, right: number, word: number, count: number): void => {
    const pair = left * PAIR_BASE + right;
    pairCounts.set(pair, (pairCounts.get(pair) ?? 0) + count);
    const list = pairWords.get(pair);
    if (list === undefined) pairWords.set(pair, [word]);
    else if (list.at(-1) !== word) list.push(word);
  };
  for (const [word, symbols] of words.symbols.entries()) {
    for (let at = 0; at + 1 < symbols.length; at++)
      add(symbols[at]!, symbols[at + 1]!, word, words.counts[word]!);
  }
  const heap = new PriorityHeap();
  for (const [pair, count] of pairCounts) heap.push(pair, count);

  for (let id = firstMergeId; id < vocabularySize; ) {
    const top = heap.pop();
    if (top === null || top.priority < minFrequency) return;
    const count = pairCounts.get(top.item) ?? 0;
    if (count !== top.priority) {
      // Counts of a known pair only fall, so a stale entry re-enters at its true place.
      if (count > 0) heap.push(top.item, count);
      continue;
    }
    const left = Math.floor(top.item / PAIR_BASE);
    const right = top.item % PAIR_BASE;
    const created = new Set<number>();
    for (const word of pairWords.get(top.item) ?? []) {
      const symbols = words.symbols[word]!;
      const weight = words.counts[word]!;
      const drop = (a: number, b: number): void => {
        const pair = a * PAIR_BASE + b;
        pairCounts.set(pair, (pairCounts.get(pair) ?? 0) - weight);
      };
      let write = 0;
      for (let read = 0; read < symbols.length; read++) {
        const symbol = symbols[read]!;
        if (symbol !== left || symbols[read + 1] !== right || read + 1 >= symbols.length) {
          symbols[write++] = symbol;
          continue;
        }
        // symbols[write - 1] is already merged text; symbols[read + 2] is not yet.
        if (write > 0) {
          const before = symbols[write - 1]!;
          drop(before, left);
          add(before, id, word, weight);
          created.add(before * PAIR_BASE + id);
        }
        if (read + 2 < symbols.length) {
          const after = symbols[read + 2]!;
          drop(right, after);
          add(id, after, word, weight);
          created.add(id * PAIR_BASE + after);
        }
        symbols[write++] = id;
        read += 1;
      }
      symbols.length = write;
    }
    pairCounts.delete(top.item);
    pairWords.delete(top.item);
    for (const pair of created) {
      const created = pairCounts.get(pair) ?? 0;
      if (created > 0) heap.push(pair, created);
    }
    yield [left, right];
    id += 1;
  }
}
