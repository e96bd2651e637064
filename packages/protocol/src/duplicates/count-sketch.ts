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
  readonly #width: number;
  /** For each coordinate twice its place, and 1 more where it is added as it is, not subtracted. */
  readonly #places: Uint32Array;

  /** The map of vectors of `length` numbers. Draws of another `stream` are independent. */
  constructor(seed: Uint8Array, stream: number, { length, width }: { length: number; width: number }) {
    const view = new DataView(taggedHash('connito/1/count-sketch', seed, uint32Bytes(stream)).buffer);
    const [first, second] = [view.getUint32(0, true), view.getUint32(4, true)];
    this.#width = width;
    this.#places = new Uint32Array(length);
    for (let i = 0; i < length; i++) {
      const bits = mix(mix(i ^ first) ^ second);
      this.#places[i] = ((bits >>> 1) % width) * 2 + (bits & 1);
    }
  }

  /**
   * The sketch `[width]` of a vector given in parts. In doubles, which no float32 values can make overflow, nor the answers of
   * experts to them. Throws a RangeError where the parts are not `length` numbers.
   */
  of(parts: Iterable<Float32Array | Float64Array>): Float64Array {
    const sums = new Float64Array(this.#width);
    const places = this.#places;
    let next = 0;
    for (const values of parts) {
      if (next + values.length > places.length) throw new RangeError('the vector is longer than the map');
      for (let i = 0; i < values.length; i++, next++) {
        const bits = places[next]!;
        sums[bits >>> 1]! += bits & 1 ? values[i]! : -values[i]!;
      }
    }
    if (next !== places.length) throw new RangeError(`${next} numbers for a map of ${places.length}`);
    return sums;
  }
}

/** Bijective 32-bit mixing (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
