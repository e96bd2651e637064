import type { ArtifactHash } from '../brand.ts';
import { BundleDecoder, type BundleFault, type ValueSink } from '../codec/bundle-decoder.ts';
import { bundleLayout } from '../codec/bundle-layout.ts';
import { codecOf } from '../codec/codec.ts';
import { type DecodedDelta, decodeDelta } from '../codec/delta-codec.ts';
import { type CreateSha256, createSha256, type Sha256, sha256, sha256Hex } from '../encoding/hash.ts';
import type { RunDefinition } from '../run/run-definition.ts';
import { groupOf, groupTensors } from '../tensor/expert-tensors.ts';
import type { TensorSpec } from '../tensor/tensor.ts';
import { boundedTravel } from './bounded-travel.ts';
import type { Manifest } from './manifest.ts';

/**
 * Decodes the bundle of a manifest that `checkReveal` found valid: the remaining checks of a reveal, each hash and each
 * value. The delta is the one that counts, bounded by `boundedTravel`. `bundle` is null where no source had it.
 */
export function openBundle(
  manifest: Manifest,
  bundle: Uint8Array | null,
  definition: RunDefinition,
  hash: Sha256 = sha256,
): DecodedDelta {
  if (bundle === null) return { kind: 'invalid', reason: 'bundle_missing', why: 'No source has the bundle.' };
  const specs = specsOf(manifest, definition);
  const { bytes: expected } = bundleLayout(definition.codec, specs);
  if (bundle.length > expected) {
    const why = `The bundle has more than ${expected} bytes.`;
    return { kind: 'invalid', reason: 'bundle_too_large', why };
  }
  const wrongBundle = bundleHashFault(manifest, sha256Hex(bundle, hash));
  if (wrongBundle !== null) return wrongBundle;
  const decoded = decodeDelta(definition.codec, bundle, specs);
  if (decoded.kind === 'invalid') return decoded;
  const hashes = manifest.tensors.map(({ offset, bytes }) =>
    sha256Hex(bundle.subarray(offset, offset + bytes), hash),
  );
  const wrongTensor = tensorHashFault(manifest, hashes);
  return wrongTensor ?? { kind: 'decoded', delta: boundedTravel(decoded.delta, definition) };
}

/**
 * Like `openBundle` for a bundle that comes in pieces and need not fit into memory: the verdict is the same for the same
 * bytes. The sink gets values as they were sent, unbounded, and before the hashes could be checked, so it must be able to forget
 * them.
 */
export async function openBundleStream(
  manifest: Manifest,
  pieces: AsyncIterable<Uint8Array>,
  definition: RunDefinition,
  sink: ValueSink,
  createHash: CreateSha256 = createSha256,
): Promise<{ readonly kind: 'decoded' } | BundleFault> {
  const { codec } = definition;
  const decoder = new BundleDecoder(codecOf(codec), specsOf(manifest, definition), sink, createHash);
  for await (const piece of pieces) {
    const fault = decoder.push(piece);
    // Any other fault must wait: bytes that do not match the manifest's hash are at fault for that first of all.
    if (fault?.reason === 'bundle_too_large') return fault;
  }
  const { verdict, hashes } = decoder.finish();
  return (
    bundleHashFault(manifest, hashes!.bundle) ??
    (verdict.kind === 'invalid' ? verdict : (tensorHashFault(manifest, hashes!.tensors) ?? verdict))
  );
}

function specsOf(manifest: Manifest, definition: RunDefinition): TensorSpec[] {
  return groupTensors(groupOf(definition, manifest.group), definition.baseModel.architecture);
}

function bundleHashFault(manifest: Manifest, found: ArtifactHash): BundleFault | null {
  if (found === manifest.bundleSha256) return null;
  const why = "The bundle does not match the manifest's hash.";
  return { kind: 'invalid', reason: 'bundle_corrupt', why };
}

function tensorHashFault({ tensors }: Manifest, found: readonly ArtifactHash[]): BundleFault | null {
  const wrong = tensors.find(({ sha256: expected }, i) => found[i] !== expected);
  if (wrong === undefined) return null;
  return { kind: 'invalid', reason: 'bundle_corrupt', why: `"${wrong.name}" does not match its hash.` };
}
