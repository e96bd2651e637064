import { type GeneratedToken, StreamDecoder, type Tokenizer } from '@connito/model';

/** A token, and where its text begins in the answer, in characters (code points). */
export type TextToken = GeneratedToken & { readonly textOffset: number };

/** Text that may be sent, with the tokens it completes. */
export type TextPiece = { readonly text: string; readonly tokens: readonly TextToken[] };

/**
 * Turns an answer's tokens into text. Holds back what may become a stop string, and bytes that are half a character; what a
 * stop string matches, and everything after it, is never sent.
 *
 * @example
 * const answer = new AnswerText(tokenizer, ['\n\n']);
 * for await (const token of tokens) { send(answer.push(token)); if (answer.isStopped) break; }
 * send(answer.end());
 */
export class AnswerText {
  readonly #decoder: StreamDecoder;
  readonly #stops: readonly string[];
  /** Written and not yet sent. */
  #held = '';
  /** Tokens not yet sent, with where their text ends in `#held`. */
  #tokens: { readonly token: TextToken; end: number }[] = [];
  /** Characters written, sent or not. */
  #characters = 0;
  #stopped = false;

  constructor(tokenizer: Tokenizer, stops: readonly string[]) {
    this.#decoder = new StreamDecoder(tokenizer, { skipSpecialTokens: true });
    this.#stops = stops;
  }

  /** Whether a stop string has come. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  push(token: GeneratedToken): TextPiece {
    const textOffset = this.#characters;
    const text = this.#decoder.push(token.token);
    this.#held += text;
    for (const _ of text) this.#characters += 1;
    this.#tokens.push({ token: { ...token, textOffset }, end: this.#held.length });
    const at = this.#firstStop();
    if (at >= 0) {
      this.#stopped = true;
      return this.#take(at);
    }
    return this.#take(this.#held.length - this.#possibleStop());
  }

  /** What is left when the model ended by itself. */
  end(): TextPiece {
    if (this.#stopped) return { text: '', tokens: [] };
    this.#held += this.#decoder.end();
    for (const each of this.#tokens) each.end = Math.min(each.end, this.#held.length);
    return this.#take(this.#held.length);
  }

  #take(length: number): TextPiece {
    const text = this.#held.slice(0, length);
    const complete = this.#tokens.filter(({ end }) => end <= length);
    this.#held = this.#held.slice(length);
    this.#tokens = this.#tokens.slice(complete.length);
    for (const each of this.#tokens) each.end -= length;
    return { text, tokens: complete.map(({ token }) => token) };
  }

  #firstStop(): number {
    const found = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((at) => at >= 0);
    return found.length === 0 ? -1 : Math.min(...found);
  }

  /** Length of the longest end of the held text that begins a stop string. */
  #possibleStop(): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let size = Math.min(stop.length - 1, this.#held.length); size > longest; size--) {
        if (this.#held.endsWith(stop.slice(0, size))) longest = size;
      }
    }
    return longest;
  }
}
