import { readFile } from 'node:fs/promises';
import { BpeEncoder } from './bpe-encoder.ts';
import { tokenToBytes } from './byte-alphabet.ts';
import { TokenizerError } from './errors.ts';
import { IdBuffer } from './id-buffer.ts';
import { normalizerOf, requireByteLevelDecoder, specialTemplateOf, splitPatternsOf } from './pipeline.ts';
import { type AddedToken, parseTokenizerJson, type TokenizerJson } from './tokenizer-json.ts';

export type EncodeOptions = {
  /** Add what the post-processor's template adds (for instance a begin-of-text token). Default false. */
  readonly addSpecialTokens?: boolean;
};

export type DecodeOptions = {
  /** Leave out tokens marked `special`. Default false. */
  readonly skipSpecialTokens?: boolean;
};

/** Text to token ids and back, with the ids of Hugging Face's tokenizers for the same tokenizer.json. */
export interface Tokenizer {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** Ids of the tokens marked `special`. */
  readonly specialIds: ReadonlySet<number>;
  encode(text: string, options?: EncodeOptions): Uint32Array;
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The id of a vocabulary entry or added token, or null. */
  idOf(token: string): number | null;
  /** The bytes one id stands for; an added token gives its text. */
  bytesOf(id: number): Uint8Array;
  /** UTF-16 code units that so many tokens never exceed: what is longer need not be encoded to know that it is too long. */
  longestText(tokens: number): number;
}

/** Loads a tokenizer from a tokenizer.json file. */
export async function loadTokenizer(path: string | URL): Promise<Tokenizer> {
  return createTokenizer(await readFile(path, 'utf8'));
}

/** Builds a tokenizer from the text or the parsed value of a tokenizer.json; fails on any unsupported component. */
export function createTokenizer(source: unknown): Tokenizer {
  return new ByteLevelTokenizer(parseTokenizerJson(source));
}

/** Splits text at added tokens: leftmost first, then longest. Null when there are none. */
function addedTokenPattern(contents: readonly string[]): RegExp | null {
  if (contents.length === 0) return null;
  const longestFirst = [...contents].sort((left, right) => right.length - left.length);
  // Without the u flag: added tokens are matched by UTF-16 unit, like the library this must equal.
  return new RegExp(longestFirst.map((content) => RegExp.escape(content)).join('|'), 'g');
}

class ByteLevelTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly specialIds: ReadonlySet<number>;
  readonly #vocabulary: ReadonlyMap<string, number>;
  readonly #added: ReadonlyMap<string, number>;
  readonly #addedIds: ReadonlySet<number>;
  readonly #bytes: readonly (Uint8Array | undefined)[];
  readonly #bpe: BpeEncoder;
  readonly #normalize: ((text: string) => string) | null;
  readonly #longestTokenBytes: number;
  /** Added tokens found before, and those found after, normalisation. */
  readonly #rawPattern: RegExp | null;
  readonly #normalizedPattern: RegExp | null;
  readonly #template: { readonly before: readonly number[]; readonly after: readonly number[] };

  constructor(json: TokenizerJson) {
    requireByteLevelDecoder(json.decoder);
    const vocabulary = new Map(Object.entries(json.model.vocab));
    const added = new Map<string, number>();
    const normalize = normalizerOf(json.normalizer);
    const raw: string[] = [];
    const normalized: string[] = [];
    for (const token of json.added_tokens) {
      rejectTrimming(token);
      added.set(token.content, token.id);
      if (normalize !== null && (token.normalized ?? !token.special)) {
        const content = normalize(token.content);
        added.set(content, token.id);
        normalized.push(content);
      } else {
        raw.push(token.content);
      }
    }

    const bytes: (Uint8Array | undefined)[] = [];
    for (const [token, id] of vocabulary) {
      if (id > MAX_TOKEN_ID) throw idTooLarge(id);
      // A token outside the byte alphabet can only be an added one; BPE never produces it.
      bytes[id] = tokenToBytes(token) ?? new TextEncoder().encode(token);
    }
    for (const token of json.added_tokens) {
      if (token.id > MAX_TOKEN_ID) throw idTooLarge(token.id);
      bytes[token.id] = new TextEncoder().encode(token.content);
    }

    this.vocabularySize = bytes.length;
    this.specialIds = new Set(json.added_tokens.filter((token) => token.special).map((token) => token.id));
    this.#vocabulary = vocabulary;
    this.#added = added;
    this.#addedIds = new Set(json.added_tokens.map((token) => token.id));
    this.#bytes = bytes;
    this.#longestTokenBytes = bytes.reduce((longest, token) => Math.max(longest, token?.length ?? 0), 1);
    this.#bpe = new BpeEncoder(json.model, splitPatternsOf(json.pre_tokenizer));
    this.#normalize = normalize;
    this.#rawPattern = addedTokenPattern(raw);
    this.#normalizedPattern = addedTokenPattern(normalized);
    this.#template = specialTemplateOf(json.post_processor);
  }

  encode(text: string, options: EncodeOptions = {}): Uint32Array {
    const out = new IdBuffer(Math.ceil(text.length / 2) + 8);
    if (options.addSpecialTokens) for (const id of this.#template.before) out.push(id);
    this.#encodeAround(text, this.#rawPattern, out, (section) => {
      const normalized = this.#normalize === null ? section : this.#normalize(section);
      this.#encodeAround(normalized, this.#normalizedPattern, out, (plain) => this.#bpe.encode(plain, out));
    });
    if (options.addSpecialTokens) for (const id of this.#template.after) out.push(id);
    return out.toArray();
  }

  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    let text = '';
    let run: Uint8Array[] = [];
    const flush = (): void => {
      if (run.length > 0) text += decodeUtf8(Buffer.concat(run));
      run = [];
    };
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index]!;
      const bytes = this.bytesOf(id);
      if (!this.#addedIds.has(id)) {
        run.push(bytes);
        continue;
      }
      if (options.skipSpecialTokens && this.specialIds.has(id)) continue;
      // Bytes on the two sides of an added token never form one character.
      flush();
      text += decodeUtf8(bytes);
    }
    flush();
    return text;
  }

  idOf(token: string): number | null {
    return this.#added.get(token) ?? this.#vocabulary.get(token) ?? null;
  }

  bytesOf(id: number): Uint8Array {
    const bytes = this.#bytes[id];
    if (bytes === undefined) {
      throw new TokenizerError(
        'token_out_of_range',
        `Token id ${id} is not in the vocabulary of ${this.vocabularySize}.`,
        { id, vocabularySize: this.vocabularySize },
      );
    }
    return bytes;
  }

  longestText(tokens: number): number {
    // A code unit is a byte or more, and composing makes one unit of four at most.
    return tokens * this.#longestTokenBytes * (this.#normalize === null ? 1 : 4);
  }

  #encodeAround(
    text: string,
    pattern: RegExp | null,
    out: IdBuffer,
    encodeSection: (section: string) => void,
  ): void {
    let end = 0;
    if (pattern !== null) {
      for (const match of text.matchAll(pattern)) {
        if (match.index > end) encodeSection(text.slice(end, match.index));
        out.push(this.#added.get(match[0])!);
        end = match.index + match[0].length;
      }
    }
    if (end < text.length) encodeSection(end === 0 ? text : text.slice(end));
  }
}

/** Pair keys of the encoder hold two ids in one exact number. */
const MAX_TOKEN_ID = 2 ** 24 - 1;

function idTooLarge(id: number): TokenizerError {
  return new TokenizerError('tokenizer_malformed', `Token id ${id} is above ${MAX_TOKEN_ID}.`, { id });
}

function rejectTrimming(token: AddedToken): void {
  for (const flag of ['lstrip', 'rstrip', 'single_word'] as const) {
    if (!token[flag]) continue;
    throw new TokenizerError(
      'tokenizer_unsupported',
      `Added token "${token.content}" sets ${flag}, which this tokenizer does not implement.`,
      { component: `added_tokens.${flag}`, token: token.content },
    );
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  // ignoreBOM keeps a leading U+FEFF as text.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
