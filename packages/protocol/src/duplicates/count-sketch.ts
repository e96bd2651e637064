import { uint32Bytes } from '../encoding/bytes.ts';
import { taggedHash } from '../encoding/hash.ts';

/**
 * A linear map of long vectors to `width` numbers that keeps inner products: each coordinate is added, with a random
 * sign, to one random place (count sketch, Charikar et al. 2002). The cosine of two sketches estimates that of the
 * vectors with a standard error of about `1 / sqrt(width)`.
 *
 * The seed must not be known when the vectors are chosen, or a small perturbation could be aimed at the sketch.
 */
export class CountSketch {
  readonly #keys: readonly [number, number];
  readonly #sums: Float64Array;
  #next = 0;

  constructor(seed: Uint8Array, stream: number, width: number) {
    const view = new DataView(taggedHash('connito/1/count-sketch', seed, uint32Bytes(stream)).buffer);
    this.#keys = [view.getUint32(0, true), view.getUint32(4, true)];
    this.#sums = new Float64Array(width);
  }

  /** Appends the next coordinates of the vector. */
  add(values: ArrayLike<number>): void {
    const sums = this.#sums;
    const [first, second] = this.#keys;
    for (let i = 0; i < values.length; i++) {
      const bits = mix(mix(this.#next++ ^ first) ^ second);
      const place = (bits >>> 1) % sums.length;
      sums[place] = sums[place]! + (bits & 1 ? values[i]! : -values[i]!);
    }
  }

  /** In doubles, which no float32 values can make overflow, nor the answers of experts to them. */
  finish(): Float64Array {
    return this.#sums.slice();
  }
}

/** Bijective 32-bit mixing (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
