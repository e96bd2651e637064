import type { ArtifactHash } from '../brand.ts';
import type { Dtype } from '../tensor/dtype.ts';
import { elementsOf, sortedNames, type TensorSpec } from '../tensor/tensor.ts';
import { type CodecChoice, codecOf } from './codec.ts';
import { encodedBytes, type ValueCodec } from './value-codec.ts';

/** Where a tensor lies in a bundle. Rows are in name order and leave no gaps. */
export type BundleEntry = {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly bytes: number;
  readonly sha256: ArtifactHash;
};

export type BundleLayout = {
  readonly bytes: number;
  readonly tensors: readonly Omit<BundleEntry, 'sha256'>[];
};

/** The one layout of a bundle: tensors in name order, back to back. */
export function bundleLayout(choice: CodecChoice, specs: readonly TensorSpec[]): BundleLayout {
  return layoutWith(codecOf(choice), specs);
}

export function layoutWith(codec: ValueCodec, specs: readonly TensorSpec[]): BundleLayout {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  let offset = 0;
  const tensors = sortedNames(byName.keys()).map((name) => {
    const { shape } = byName.get(name)!;
    const bytes = encodedBytes(codec, elementsOf(shape));
    const entry = { name, dtype: codec.dtype, shape, offset, bytes };
    offset += bytes;
    return entry;
  });
  return { bytes: offset, tensors };
}

/** A stretch of one tensor that is encoded at a time. */
export type ChunkPlace = {
  readonly name: string;
  /** Number of its first value in the flattened tensor. */
  readonly start: number;
  readonly values: number;
  readonly isLast: boolean;
};

/** Values of the longest chunk that a bundle has. */
export function longestChunk(codec: ValueCodec, { tensors }: BundleLayout): number {
  return tensors.reduce(
    (longest, { shape }) => Math.max(longest, Math.min(codec.chunk, elementsOf(shape))),
    0,
  );
}

/** All chunks of a bundle, in the order of its bytes. */
export function* chunksOf(codec: ValueCodec, { tensors }: BundleLayout): Generator<ChunkPlace, void> {
  for (const { name, shape } of tensors) {
    const elements = elementsOf(shape);
    for (let start = 0; start < elements; start += codec.chunk) {
      const values = Math.min(codec.chunk, elements - start);
      yield { name, start, values, isLast: start + values === elements };
    }
  }
}
