import type { ArtifactHash } from '../brand.ts';
import { type Sha256, sha256, sha256Hex } from '../encoding/hash.ts';
import { requireArgument } from '../errors.ts';
import type { Reason } from '../reasons.ts';
import type { RunDefinition } from '../run/run-definition.ts';
import type { Dtype } from '../tensor/dtype.ts';
import {
  elementsOf,
  equalShapes,
  firstNonFinite,
  requireFinite,
  sortedNames,
  type Tensor,
  type TensorMap,
  type TensorSpec,
  tensorNamed,
} from '../tensor/tensor.ts';
import { fp16 } from './fp16.ts';
import { int8 } from './int8.ts';

export type CodecKind = RunDefinition['codec']['kind'];

/**
 * How the values of one tensor become bytes. Encoding is exactly reproducible, and the encoded length is a function
 * of the number of values alone, so that every bound is known before anything is allocated.
 */
export interface ValueCodec {
  readonly dtype: Dtype;
  encodedBytes(elements: number): number;
  /** Writes `data` into `bytes` at `offset`. Values beyond the range are clamped to it, never made infinite. */
  write(data: Float32Array, bytes: Uint8Array, offset: number): void;
  /** Reads `elements` values at `offset`; null where the bytes are not something `write` could have produced. */
  read(bytes: Uint8Array, offset: number, elements: number): Float32Array | null;
}

/** Where a tensor lies in a bundle. Rows are in name order and leave no gaps. */
export type BundleEntry = {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly bytes: number;
  readonly sha256: ArtifactHash;
};

export type EncodedDelta = {
  readonly bundle: Uint8Array;
  readonly tensors: readonly BundleEntry[];
  /** What the encoding lost: input (with any carried residual) minus decoded. */
  readonly residual: TensorMap;
};

export type DecodedDelta =
  | { readonly kind: 'decoded'; readonly delta: TensorMap }
  | { readonly kind: 'invalid'; readonly reason: Reason; readonly why: string };

const CODECS: Readonly<Record<CodecKind, ValueCodec>> = { fp16, int8 };

export function codecOf(kind: CodecKind): ValueCodec {
  return CODECS[kind];
}

/** The one layout of a bundle: tensors in name order, back to back. */
export function bundleLayout(
  kind: CodecKind,
  specs: readonly TensorSpec[],
): { readonly bytes: number; readonly tensors: readonly Omit<BundleEntry, 'sha256'>[] } {
  const codec = codecOf(kind);
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  let offset = 0;
  const tensors = sortedNames(byName.keys()).map((name) => {
    const { shape } = byName.get(name)!;
    const bytes = codec.encodedBytes(elementsOf(shape));
    const entry = { name, dtype: codec.dtype, shape, offset, bytes };
    offset += bytes;
    return entry;
  });
  return { bytes: offset, tensors };
}

/**
 * Encodes a delta (local − global), adding the residual carried from earlier rounds first (error feedback,
 * Seide et al. 2014). Fails with `non_finite_delta` where a value is NaN or infinite.
 */
export function encodeDelta(
  kind: CodecKind,
  delta: TensorMap,
  carried: TensorMap | null = null,
  hash: Sha256 = sha256,
): EncodedDelta {
  const codec = codecOf(kind);
  const specs = [...delta].map(([name, { shape }]) => ({ name, shape }));
  const layout = bundleLayout(kind, specs);
  const bundle = new Uint8Array(layout.bytes);
  const residual = new Map<string, Tensor>();
  const tensors = layout.tensors.map((entry) => {
    const intended = withCarried(entry.name, tensorNamed(delta, entry.name), carried);
    requireFinite(entry.name, intended);
    codec.write(intended, bundle, entry.offset);
    const decoded = codec.read(bundle, entry.offset, intended.length);
    requireArgument(decoded !== null, `The codec cannot read back "${entry.name}".`);
    residual.set(entry.name, { shape: entry.shape, data: intended.map((value, i) => value - decoded[i]!) });
    return { ...entry, sha256: sha256Hex(bundle.subarray(entry.offset, entry.offset + entry.bytes), hash) };
  });
  return { bundle, tensors, residual };
}

function withCarried(name: string, delta: Tensor, carried: TensorMap | null): Float32Array {
  const before = carried?.get(name);
  if (before === undefined) return delta.data;
  requireArgument(equalShapes(before.shape, delta.shape), `The residual of "${name}" has another shape.`, {
    name,
  });
  return delta.data.map((value, i) => value + before.data[i]!);
}

/**
 * Decodes a bundle of exactly the given tensors. The length is checked before anything is allocated, and every decoded
 * value is finite. Hostile bytes give `invalid`, never an exception.
 */
export function decodeDelta(kind: CodecKind, bundle: Uint8Array, specs: readonly TensorSpec[]): DecodedDelta {
  const codec = codecOf(kind);
  const layout = bundleLayout(kind, specs);
  if (bundle.length !== layout.bytes) {
    const reason = bundle.length > layout.bytes ? 'bundle_too_large' : 'bundle_corrupt';
    return {
      kind: 'invalid',
      reason,
      why: `The bundle has ${bundle.length} bytes, expected ${layout.bytes}.`,
    };
  }
  const delta = new Map<string, Tensor>();
  for (const { name, shape, offset } of layout.tensors) {
    const data = codec.read(bundle, offset, elementsOf(shape));
    if (data === null)
      return { kind: 'invalid', reason: 'bundle_corrupt', why: `Tensor "${name}" breaks the codec.` };
    const index = firstNonFinite(data);
    if (index >= 0) {
      return {
        kind: 'invalid',
        reason: 'non_finite_delta',
        why: `Tensor "${name}" is ${data[index]} at ${index}.`,
      };
    }
    delta.set(name, { shape, data });
  }
  return { kind: 'decoded', delta };
}
