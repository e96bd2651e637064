import { createHash } from 'node:crypto';

/** A small seeded generator (sfc32): the same integers on every machine. Not for secrets. */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  private constructor(a: number, b: number, c: number, counter: number) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#counter = counter | 0;
    // Twelve rounds mix the words until nearby seeds share no pattern.
    for (let round = 0; round < 12; round++) this.next();
  }

  /** A stream named by text, for instance a hash with a purpose. */
  static fromText(seed: string): SeededRandom {
    const digest = createHash('sha256').update(seed, 'utf8').digest();
    return new SeededRandom(
      digest.readInt32LE(0),
      digest.readInt32LE(4),
      digest.readInt32LE(8),
      digest.readInt32LE(12),
    );
  }

  /** A stream named by two non-negative integers. */
  static fromIntegers(seed: number, index: number): SeededRandom {
    const high = Math.floor(index / 2 ** 32) ^ Math.floor(seed / 2 ** 32);
    return new SeededRandom(seed, index, high ^ 0x9e3779b9, 1);
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    const span = high - low + 1;
    // Rejection keeps every value equally likely.
    const limit = Math.floor(2 ** 32 / span) * span;
    for (;;) {
      const value = this.next();
      if (value < limit) return low + (value % span);
    }
  }

  /** An integer from `-high` to `high`, never zero. */
  nonZero(high: number): number {
    const value = this.integer(1, high);
    return this.integer(0, 1) === 0 ? value : -value;
  }

  /** One of the given values. */
  pick<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)]!;
  }

  /** Several different values, in random order. */
  sample<T>(values: readonly T[], count: number): T[] {
    const rest = [...values];
    return Array.from({ length: count }, () => rest.splice(this.integer(0, rest.length - 1), 1)[0]!);
  }

  /** Shuffles in place (Fisher–Yates) and returns the same array. */
  shuffle<T extends { [index: number]: number; readonly length: number }>(values: T): T {
    for (let at = values.length - 1; at > 0; at--) {
      const other = this.integer(0, at);
      const value = values[at]!;
      values[at] = values[other]!;
      values[other] = value;
    }
    return values;
  }
}
