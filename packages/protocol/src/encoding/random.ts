import { requireArgument } from '../errors.ts';
import { sha256 } from './hash.ts';

const TWO_POW_32 = 2 ** 32;

/**
 * Deterministic generator: word k is the little-endian uint32 at byte `4·(k mod 8)` of
 * `sha256(seed ‖ uint64le(⌊k / 8⌋))`. Simple enough to be reproduced in any language from this sentence.
 *
 * @example
 * const random = new SeededRandom(taggedHash('connito/1/draw', runBytes, blockHash));
 * const chosen = random.sample(poolSize, 64);
 */
export class SeededRandom {
  readonly #input = new Uint8Array(40);
  readonly #place = new DataView(this.#input.buffer, 32);
  #block: DataView = new DataView(new ArrayBuffer(32));
  #counter = 0;
  #used = 8;
  #spareGaussian: number | null = null;

  constructor(seed: Uint8Array) {
    requireArgument(seed.length === 32, `A generator's seed is 32 bytes, got ${seed.length}.`);
    this.#input.set(seed);
  }

  nextUint32(): number {
    if (this.#used === 8) {
      this.#place.setUint32(0, this.#counter >>> 0, true);
      this.#place.setUint32(4, Math.floor(this.#counter / TWO_POW_32), true);
      this.#counter += 1;
      const digest = sha256(this.#input);
      this.#block = new DataView(digest.buffer, digest.byteOffset, 32);
      this.#used = 0;
    }
    return this.#block.getUint32(4 * this.#used++, true);
  }

  /** Uniform integer in `[0, bound)`, without modulo bias; `bound` is 1..2^32. */
  nextBelow(bound: number): number {
    requireArgument(Number.isInteger(bound) && bound >= 1 && bound <= TWO_POW_32, `Bad bound ${bound}.`, {
      bound,
    });
    const limit = TWO_POW_32 - (TWO_POW_32 % bound);
    let word = this.nextUint32();
    while (word >= limit) word = this.nextUint32();
    return word % bound;
  }

  /** Uniform multiple of 2^-53 in `[0, 1)`. */
  nextFloat(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /**
   * Standard normal variate (Marsaglia's polar method). Uses `Math.log`, whose last bit may differ between engines, so
   * nothing that is hashed may depend on it.
   */
  nextGaussian(): number {
    if (this.#spareGaussian !== null) {
      const spare = this.#spareGaussian;
      this.#spareGaussian = null;
      return spare;
    }
    for (;;) {
      const u = 2 * this.nextFloat() - 1;
      const v = 2 * this.nextFloat() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const factor = Math.sqrt((-2 * Math.log(s)) / s);
        this.#spareGaussian = v * factor;
        return u * factor;
      }
    }
  }

  /** Shuffles in place (Fisher–Yates, from the end) and returns the same array. */
  shuffle<T extends unknown[] | Uint32Array>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.nextBelow(i + 1);
      const held = items[i];
      items[i] = items[j];
      items[j] = held;
    }
    return items;
  }

  /** `count` different integers of `[0, poolSize)` in random order; memory grows with `count`, not with the pool. */
  sample(poolSize: number, count: number): number[] {
    requireArgument(
      count >= 0 && count <= poolSize,
      `Cannot sample ${count} of ${poolSize} without replacement.`,
      {
        count,
        poolSize,
      },
    );
    // Fisher–Yates from the front over a virtual array in which only moved entries are stored.
    const moved = new Map<number, number>();
    const chosen: number[] = [];
    for (let i = 0; i < count; i++) {
      const j = i + this.nextBelow(poolSize - i);
      chosen.push(moved.get(j) ?? j);
      moved.set(j, moved.get(i) ?? i);
    }
    return chosen;
  }
}
