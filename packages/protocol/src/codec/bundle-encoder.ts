import type { ArtifactHash } from '../brand.ts';
import { toHex } from '../encoding/bytes.ts';
import { type CreateSha256, createSha256, type Sha256Stream } from '../encoding/hash.ts';
import { requireArgument } from '../errors.ts';
import { requireFinite, type TensorSpec } from '../tensor/tensor.ts';
import { type BundleEntry, type ChunkPlace, chunksOf, layoutWith, longestChunk } from './bundle-layout.ts';
import type { ValueCodec } from './value-codec.ts';

/** One encoded chunk. Both arrays are views of working memory: valid until the next chunk is encoded. */
export type EncodedChunk = {
  readonly bytes: Uint8Array;
  /** What encoding lost: the given values minus the decoded ones. */
  readonly residual: Float32Array;
};

export type BundleSummary = {
  readonly tensors: readonly BundleEntry[];
  readonly bundleSha256: ArtifactHash;
};

/**
 * Encodes a bundle chunk by chunk and hashes it on the way. Holds one chunk, its encoding and its residual, whatever the
 * size of the tensors, besides a row of the table for each tensor.
 *
 * @example
 * const encoder = new BundleEncoder(codecOf(definition.codec), specs);
 * for (let place = encoder.next; place !== null; place = encoder.next) {
 *   const { bytes, residual } = encoder.encode(await valuesAt(place));
 *   await sink.write(bytes);
 * }
 * const { tensors, bundleSha256 } = encoder.finish();
 */
export class BundleEncoder {
  readonly #codec: ValueCodec;
  readonly #layout: ReturnType<typeof layoutWith>;
  readonly #places: Iterator<ChunkPlace, void>;
  readonly #createHash: CreateSha256;
  readonly #bundleHash: Sha256Stream;
  readonly #hashes: ArtifactHash[] = [];
  readonly #bytes: Uint8Array;
  readonly #decoded: Float32Array;
  #tensorHash: Sha256Stream;
  #next: ChunkPlace | null;

  constructor(codec: ValueCodec, specs: readonly TensorSpec[], createHash: CreateSha256 = createSha256) {
    this.#codec = codec;
    this.#layout = layoutWith(codec, specs);
    this.#places = chunksOf(codec, this.#layout);
    this.#createHash = createHash;
    this.#bundleHash = createHash();
    this.#tensorHash = createHash();
    const longest = longestChunk(codec, this.#layout);
    this.#bytes = new Uint8Array(codec.chunkBytes(longest));
    this.#decoded = new Float32Array(longest);
    this.#next = this.#places.next().value ?? null;
  }

  /** The values that `encode` wants next; null when the bundle is whole. */
  get next(): ChunkPlace | null {
    return this.#next;
  }

  /** Encodes the values of `next`. Fails with `non_finite_delta` where one is NaN or infinite. */
  encode(values: Float32Array): EncodedChunk {
    const place = this.#next;
    requireArgument(place !== null, 'All tensors of the bundle are encoded.');
    const { name, start } = place;
    requireArgument(
      values.length === place.values,
      `Expected ${place.values} values of "${name}" from ${start} on, got ${values.length}.`,
      { name, start },
    );
    requireFinite(name, values, start);
    const bytes = this.#bytes.subarray(0, this.#codec.chunkBytes(values.length));
    const residual = this.#decoded.subarray(0, values.length);
    this.#codec.write(values, bytes);
    const fault = this.#codec.read(bytes, residual);
    requireArgument(fault === null, `The codec cannot read back "${name}": ${fault}.`, { name, start });
    for (let i = 0; i < residual.length; i++) residual[i] = values[i]! - residual[i]!;
    this.#bundleHash.update(bytes);
    this.#tensorHash.update(bytes);
    if (place.isLast) {
      this.#hashes.push(toHex(this.#tensorHash.digest()) as ArtifactHash);
      this.#tensorHash = this.#createHash();
    }
    this.#next = this.#places.next().value ?? null;
    return { bytes, residual };
  }

  /** The finished bundle's table and hash. Fails with `invalid_argument` while values are missing. */
  finish(): BundleSummary {
    requireArgument(this.#next === null, `Values of "${this.#next?.name}" are missing.`);
    const tensors = this.#layout.tensors.map((entry, i) => ({ ...entry, sha256: this.#hashes[i]! }));
    return { tensors, bundleSha256: toHex(this.#bundleHash.digest()) as ArtifactHash };
  }
}
