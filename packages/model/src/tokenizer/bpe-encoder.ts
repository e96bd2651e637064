import { BYTE_TO_CHAR, bytesToToken } from './byte-alphabet.ts';
import { TokenizerError } from './errors.ts';
import type { IdBuffer } from './id-buffer.ts';
import { PriorityHeap } from './priority-heap.ts';
import { splitAll } from './split-pattern.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** Distinct pre-tokens kept with their ids: natural text repeats most of its words. */
const MAX_CACHED_PIECES = 1 << 17;
/** Longer pre-tokens are rare and never repeat, so they would only push useful ones out. */
const MAX_CACHED_PIECE_CHARS = 48;
/** Keys of pair maps are `left * PAIR_BASE + right`, exact below 2^53. */
const PAIR_BASE = 2 ** 24;

type Merge = { readonly rank: number; readonly id: number };

/** Cuts text into pre-tokens and applies the merges to each, lowest rank first and leftmost among equals. */
export class BpeEncoder {
  readonly #first: RegExp | null;
  readonly #rest: readonly RegExp[];
  readonly #idOfByte: Uint32Array;
  readonly #merges = new Map<number, Merge>();
  readonly #wholeTokens: ReadonlyMap<string, number> | null;
  readonly #cache = new Map<string, Uint32Array>();

  constructor(model: TokenizerJson['model'], patterns: readonly RegExp[]) {
    rejectUnsupportedModel(model);
    this.#first = patterns[0] ?? null;
    this.#rest = patterns.slice(1);
    const vocabulary = new Map(Object.entries(model.vocab));
    this.#idOfByte = Uint32Array.from(BYTE_TO_CHAR, (char, byte) => {
      const id = vocabulary.get(char);
      if (id === undefined) {
        throw new TokenizerError('tokenizer_unsupported', `The vocabulary lacks byte ${byte}.`, {
          component: 'model.vocab',
          byte,
        });
      }
      return id;
    });
    for (const [rank, entry] of model.merges.entries()) {
      const [left, right] = typeof entry === 'string' ? splitMerge(entry) : entry;
      const leftId = vocabulary.get(left);
      const rightId = vocabulary.get(right);
      const id = vocabulary.get(left + right);
      if (leftId === undefined || rightId === undefined || id === undefined) {
        throw new TokenizerError(
          'tokenizer_malformed',
          `Merge ${rank} uses a token that is not in the vocabulary.`,
          { path: `model.merges.${rank}` },
        );
      }
      const key = leftId * PAIR_BASE + rightId;
      // Of a repeated pair the later rank counts, as in a map filled in order.
      this.#merges.set(key, { rank, id });
    }
    this.#wholeTokens = model.ignore_merges ? vocabulary : null;
  }

  /** Appends the ids of text without added tokens. */
  encode(text: string, out: IdBuffer): void {
    const pattern = this.#first;
    if (pattern === null) {
      out.append(this.#encodePiece(text));
      return;
    }
    // Not splitAll: a generator costs more here than everything else.
    let end = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      if (match.index > end) out.append(this.#lookUp(text.slice(end, match.index)));
      const piece = match[0];
      if (piece.length === 0) pattern.lastIndex += 1;
      else out.append(this.#lookUp(piece));
      end = match.index + piece.length;
    }
    if (end < text.length) out.append(this.#lookUp(text.slice(end)));
  }

  #lookUp(piece: string): Uint32Array {
    const cached = this.#cache.get(piece);
    if (cached !== undefined) return cached;
    const ids = this.#encodePiece(piece);
    if (piece.length <= MAX_CACHED_PIECE_CHARS) {
      if (this.#cache.size >= MAX_CACHED_PIECES) this.#cache.clear();
      // A copy: a slice would keep the whole text it was cut from alive.
      this.#cache.set(Buffer.from(piece, 'utf16le').toString('utf16le'), ids);
    }
    return ids;
  }

  #encodePiece(piece: string): Uint32Array {
    let pieces = [piece];
    for (const pattern of this.#rest) pieces = pieces.flatMap((part) => [...splitAll(part, pattern)]);
    const merged = pieces.map((part) => this.#merge(part));
    if (merged.length === 1) return merged[0]!;
    return Uint32Array.from(merged.flatMap((ids) => [...ids]));
  }

  #merge(piece: string): Uint32Array {
    const bytes = Buffer.from(piece, 'utf8');
    const whole = this.#wholeTokens?.get(bytesToToken(bytes));
    if (whole !== undefined) return Uint32Array.of(whole);
    const length = bytes.length;
    // A doubly linked list of symbols; a merged symbol stays at its left end's position.
    const ids = Uint32Array.from(bytes, (byte) => this.#idOfByte[byte]!);
    const next = Int32Array.from({ length }, (_, at) => (at + 1 < length ? at + 1 : -1));
    const previous = Int32Array.from({ length }, (_, at) => at - 1);
    const heap = new PriorityHeap();
    const consider = (at: number): void => {
      const right = next[at]!;
      if (right < 0) return;
      const merge = this.#merges.get(ids[at]! * PAIR_BASE + ids[right]!);
      if (merge !== undefined) heap.push(at, -merge.rank);
    };
    for (let at = 0; at + 1 < length; at++) consider(at);
    let remaining = length;
    for (let top = heap.pop(); top !== null; top = heap.pop()) {
      const at = top.item;
      const right = next[at]!;
      if (right < 0) continue;
      const merge = this.#merges.get(ids[at]! * PAIR_BASE + ids[right]!);
      // An entry is stale when its pair has changed since it was pushed.
      if (merge === undefined || merge.rank !== -top.priority) continue;
      ids[at] = merge.id;
      const after = next[right]!;
      next[at] = after;
      if (after >= 0) previous[after] = at;
      next[right] = -1;
      remaining -= 1;
      if (previous[at]! >= 0) consider(previous[at]!);
      consider(at);
    }
    const result = new Uint32Array(remaining);
    for (let at = 0, write = 0; write < remaining; at = next[at]!) result[write++] = ids[at]!;
    return result;
  }
}

function splitMerge(entry: string): [string, string] {
  const [left, right] = entry.split(' ', 2);
  return [left ?? '', right ?? ''];
}

function rejectUnsupportedModel(model: TokenizerJson['model']): void {
  const reject = (component: string): never => {
    throw new TokenizerError(
      'tokenizer_unsupported',
      `tokenizer.json uses ${component}, which this byte-level BPE tokenizer does not implement.`,
      { component },
    );
  };
  if (model.type !== 'BPE') reject(`model.type ${model.type}`);
  if (model.dropout) reject('model.dropout');
  if (model.continuing_subword_prefix) reject('model.continuing_subword_prefix');
  if (model.end_of_word_suffix) reject('model.end_of_word_suffix');
  if (model.byte_fallback) reject('model.byte_fallback');
}
