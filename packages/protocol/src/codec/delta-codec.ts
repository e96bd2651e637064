import type { ArtifactHash } from '../brand.ts';
import { type CreateSha256, createSha256 } from '../encoding/hash.ts';
import { requireArgument } from '../errors.ts';
import {
  elementsOf,
  equalShapes,
  type Tensor,
  type TensorMap,
  type TensorSpec,
  tensorNamed,
} from '../tensor/tensor.ts';
import { BundleDecoder, type BundleFault } from './bundle-decoder.ts';
import { BundleEncoder } from './bundle-encoder.ts';
import { type BundleEntry, layoutWith } from './bundle-layout.ts';
import { type CodecChoice, codecOf } from './codec.ts';

export type EncodedDelta = {
  readonly bundle: Uint8Array;
  readonly bundleSha256: ArtifactHash;
  readonly tensors: readonly BundleEntry[];
  /** What the encoding lost: input (with any carried residual) minus decoded. */
  readonly residual: TensorMap;
};

export type DecodedDelta = { readonly kind: 'decoded'; readonly delta: TensorMap } | BundleFault;

/**
 * Encodes a delta (local − global) that fits into memory, adding the residual carried from earlier rounds first (error
 * feedback, Seide et al. 2014). Fails with `non_finite_delta` where a value is NaN or infinite.
 */
export function encodeDelta(
  choice: CodecChoice,
  delta: TensorMap,
  carried: TensorMap | null = null,
  createHash: CreateSha256 = createSha256,
): EncodedDelta {
  const codec = codecOf(choice);
  const specs = specsOf(delta);
  const bundle = new Uint8Array(layoutWith(codec, specs).bytes);
  const residual = emptyTensors(specs);
  const intended = new Float32Array(codec.chunk);
  const encoder = new BundleEncoder(codec, specs, createHash);
  let offset = 0;
  for (let place = encoder.next; place !== null; place = encoder.next) {
    const { name, start, values } = place;
    const own = tensorNamed(delta, name);
    const before = carriedOf(name, own, carried);
    const wanted = intended.subarray(0, values);
    for (let i = 0; i < values; i++) wanted[i] = own.data[start + i]! + (before?.[start + i] ?? 0);
    const encoded = encoder.encode(wanted);
    bundle.set(encoded.bytes, offset);
    offset += encoded.bytes.length;
    residual.get(name)!.data.set(encoded.residual, start);
  }
  return { bundle, residual, ...encoder.finish() };
}

function carriedOf(name: string, delta: Tensor, carried: TensorMap | null): Float32Array | null {
  const before = carried?.get(name);
  if (before === undefined) return null;
  requireArgument(equalShapes(before.shape, delta.shape), `The residual of "${name}" has another shape.`, {
    name,
  });
  return before.data;
}

/**
 * Decodes a bundle of exactly the given tensors. The length is checked before anything is allocated, and every decoded
 * value is finite. Hostile bytes give `invalid`, never an exception.
 */
export function decodeDelta(
  choice: CodecChoice,
  bundle: Uint8Array,
  specs: readonly TensorSpec[],
): DecodedDelta {
  const codec = codecOf(choice);
  const { bytes } = layoutWith(codec, specs);
  if (bundle.length !== bytes) {
    const reason = bundle.length > bytes ? 'bundle_too_large' : 'bundle_corrupt';
    return { kind: 'invalid', reason, why: `The bundle has ${bundle.length} bytes, expected ${bytes}.` };
  }
  const delta = emptyTensors(specs);
  const decoder = new BundleDecoder(codec, specs, ({ name, start }, values) => {
    delta.get(name)!.data.set(values, start);
  });
  decoder.push(bundle);
  const { verdict } = decoder.finish();
  return verdict.kind === 'invalid' ? verdict : { kind: 'decoded', delta };
}

function specsOf(tensors: TensorMap): TensorSpec[] {
  return [...tensors].map(([name, { shape }]) => ({ name, shape }));
}

function emptyTensors(specs: readonly TensorSpec[]): Map<string, Tensor> {
  return new Map(
    specs.map(({ name, shape }) => [name, { shape, data: new Float32Array(elementsOf(shape)) }]),
  );
}
