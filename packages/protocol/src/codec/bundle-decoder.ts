import type { ArtifactHash } from '../brand.ts';
import { toHex } from '../encoding/bytes.ts';
import type { CreateSha256, Sha256Stream } from '../encoding/hash.ts';
import type { Reason } from '../reasons.ts';
import { firstNonFinite, type TensorSpec } from '../tensor/tensor.ts';
import { type BundleLayout, type ChunkPlace, chunksOf, layoutWith, longestChunk } from './bundle-layout.ts';
import type { ValueCodec } from './value-codec.ts';

/** Why bytes are no bundle of the expected tensors. */
export type BundleFault = { readonly kind: 'invalid'; readonly reason: Reason; readonly why: string };

/** What came of all bytes pushed. */
export type DecodedBundle = {
  readonly verdict: { readonly kind: 'decoded' } | BundleFault;
  /** Null where the decoder was not to hash. */
  readonly hashes: ReceivedHashes | null;
};

/** sha256 of what was received: of each whole tensor, in name order, and of all. */
export type ReceivedHashes = { readonly tensors: readonly ArtifactHash[]; readonly bundle: ArtifactHash };

/** Receives decoded, finite values. They are a view of working memory: valid during the call. */
export type ValueSink = (place: ChunkPlace, values: Float32Array) => void;

/**
 * Decodes a bundle of exactly the given tensors from pieces of any size, and hashes it on the way. Holds one chunk and its
 * encoding, whatever the size of the tensors, besides a row of the table for each tensor. Hostile bytes give a fault,
 * never an exception; everything handed on before that must be thrown away.
 */
export class BundleDecoder {
  /** Exact length of the bundle. */
  readonly bytes: number;
  readonly #codec: ValueCodec;
  readonly #places: Iterator<ChunkPlace, void>;
  readonly #onValues: ValueSink;
  readonly #encoded: Uint8Array;
  readonly #values: Float32Array;
  readonly #hashing: BundleHashes | null;
  #place: ChunkPlace | null;
  /** Bytes of `#place` that `#encoded` holds. */
  #held = 0;
  #received = 0;
  #fault: BundleFault | null = null;

  constructor(
    codec: ValueCodec,
    specs: readonly TensorSpec[],
    onValues: ValueSink,
    createHash: CreateSha256 | null = null,
  ) {
    const layout = layoutWith(codec, specs);
    this.bytes = layout.bytes;
    this.#codec = codec;
    this.#places = chunksOf(codec, layout);
    this.#onValues = onValues;
    const longest = longestChunk(codec, layout);
    this.#encoded = new Uint8Array(codec.chunkBytes(longest));
    this.#values = new Float32Array(longest);
    this.#hashing = createHash === null ? null : new BundleHashes(layout, createHash);
    this.#place = this.#places.next().value ?? null;
  }

  /** Takes the next bytes. Whoever gets a fault may stop; nothing more is decoded after one, only hashed. */
  push(bytes: Uint8Array): BundleFault | null {
    this.#received += bytes.length;
    if (this.#received > this.bytes) {
      this.#fault ??= {
        kind: 'invalid',
        reason: 'bundle_too_large',
        why: `The bundle has more than ${this.bytes} bytes.`,
      };
      return this.#fault;
    }
    this.#hashing?.update(bytes);
    let at = 0;
    while (this.#fault === null && this.#place !== null && at < bytes.length) {
      const wanted = this.#codec.chunkBytes(this.#place.values);
      const taken = Math.min(wanted - this.#held, bytes.length - at);
      this.#encoded.set(bytes.subarray(at, at + taken), this.#held);
      this.#held += taken;
      at += taken;
      if (this.#held === wanted) this.#fault = this.#decode(this.#place, this.#encoded.subarray(0, wanted));
    }
    return this.#fault;
  }

  /** The verdict on all bytes pushed. Call it once. */
  finish(): DecodedBundle {
    if (this.#fault === null && this.#received < this.bytes) {
      const why = `The bundle has ${this.#received} bytes, expected ${this.bytes}.`;
      this.#fault = { kind: 'invalid', reason: 'bundle_corrupt', why };
    }
    return { verdict: this.#fault ?? { kind: 'decoded' }, hashes: this.#hashing?.finish() ?? null };
  }

  #decode(place: ChunkPlace, encoded: Uint8Array): BundleFault | null {
    const { name, start } = place;
    const values = this.#values.subarray(0, place.values);
    const fault = this.#codec.read(encoded, values);
    if (fault !== null) {
      const why = `Tensor "${name}" has ${fault} in the chunk from ${start} on.`;
      return { kind: 'invalid', reason: 'bundle_corrupt', why };
    }
    const index = firstNonFinite(values);
    if (index >= 0) {
      const why = `Tensor "${name}" is ${values[index]} at ${start + index}.`;
      return { kind: 'invalid', reason: 'non_finite_delta', why };
    }
    this.#onValues(place, values);
    this.#held = 0;
    this.#place = this.#places.next().value ?? null;
    return null;
  }
}

/** Hashes a bundle and each of its tensors in one pass. */
class BundleHashes {
  readonly #layout: BundleLayout;
  readonly #createHash: CreateSha256;
  readonly #bundle: Sha256Stream;
  readonly #finished: ArtifactHash[] = [];
  #tensor: Sha256Stream;
  #received = 0;

  constructor(layout: BundleLayout, createHash: CreateSha256) {
    this.#layout = layout;
    this.#createHash = createHash;
    this.#bundle = createHash();
    this.#tensor = createHash();
  }

  update(bytes: Uint8Array): void {
    this.#bundle.update(bytes);
    let at = 0;
    while (at < bytes.length) {
      const { offset, bytes: length } = this.#layout.tensors[this.#finished.length]!;
      const end = offset + length;
      const taken = Math.min(end - this.#received, bytes.length - at);
      this.#tensor.update(bytes.subarray(at, at + taken));
      this.#received += taken;
      at += taken;
      if (this.#received === end) {
        this.#finished.push(toHex(this.#tensor.digest()) as ArtifactHash);
        this.#tensor = this.#createHash();
      }
    }
  }

  finish(): ReceivedHashes {
    return { tensors: this.#finished, bundle: toHex(this.#bundle.digest()) as ArtifactHash };
  }
}
