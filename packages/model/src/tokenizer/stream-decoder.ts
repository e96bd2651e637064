import type { Tokenizer } from './tokenizer.ts';

/**
 * Decodes tokens one at a time, holding back bytes until they complete a character.
 *
 * @example
 * const decoder = new StreamDecoder(tokenizer);
 * for (const id of ids) write(decoder.push(id));
 * write(decoder.end());
 */
export class StreamDecoder {
  readonly #tokenizer: Tokenizer;
  readonly #skipSpecialTokens: boolean;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(tokenizer: Tokenizer, options: { readonly skipSpecialTokens?: boolean } = {}) {
    this.#tokenizer = tokenizer;
    this.#skipSpecialTokens = options.skipSpecialTokens ?? false;
  }

  /** The text that this token completes; often empty inside a multi-byte character. */
  push(id: number): string {
    if (this.#skipSpecialTokens && this.#tokenizer.specialIds.has(id)) return '';
    const bytes = this.#tokenizer.bytesOf(id);
    // A special token ends the character before it, as in `decode`.
    const pending = this.#tokenizer.specialIds.has(id) ? this.#decoder.decode() : '';
    return pending + this.#decoder.decode(bytes, { stream: true });
  }

  /** The rest: a replacement character if the last one was cut off. */
  end(): string {
    return this.#decoder.decode();
  }
}
