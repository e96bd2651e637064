/**
 * A small fast generator (Doty-Humphrey's sfc32) for hundreds of millions of draws: the protocol's own hashes for every eight
 * words and would take hours. Equal seeds give equal results on any machine.
 */
export class FastRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = 0x9e3779b9 | 0;
    this.#c = 0x243f6a88 | 0;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Uniform uint32. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** Uniform integer below `bound`; the bias of at most `bound / 2^32` is far below what trials can show. */
  below(bound: number): number {
    return Math.floor((this.next() / 2 ** 32) * bound);
  }
}

/** `out.length` values drawn with replacement: a draw from an endless supply of such texts. */
export function drawWithReplacement(values: Float64Array, out: Float64Array, random: FastRandom): void {
  for (let i = 0; i < out.length; i++) out[i] = values[random.below(values.length)]!;
}

/** `out.length` different values, as the protocol draws them from a pool. `order` is any permutation and is shuffled on. */
export function drawWithoutReplacement(
  values: Float64Array,
  order: Uint32Array,
  out: Float64Array,
  random: FastRandom,
): void {
  for (let i = 0; i < out.length; i++) {
    const j = i + random.below(order.length - i);
    const chosen = order[j]!;
    order[j] = order[i]!;
    order[i] = chosen;
    out[i] = values[chosen]!;
  }
}
