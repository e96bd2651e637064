import { type DecodedDelta, decodeDelta } from '../codec/delta-codec.ts';
import { type Sha256, sha256, sha256Hex } from '../encoding/hash.ts';
import type { RunDefinition } from '../run/run-definition.ts';
import { groupOf, groupTensors } from '../tensor/expert-tensors.ts';
import type { Manifest } from './manifest.ts';

/**
 * Decodes the bundle of a manifest that `checkReveal` found valid: the remaining checks of a reveal, each hash and each
 * value. `bundle` is null where no source had it.
 */
export function openBundle(
  manifest: Manifest,
  bundle: Uint8Array | null,
  definition: RunDefinition,
  hash: Sha256 = sha256,
): DecodedDelta {
  if (bundle === null) return { kind: 'invalid', reason: 'bundle_missing', why: 'No source has the bundle.' };
  if (bundle.length > definition.codec.maxBundleBytes) {
    return { kind: 'invalid', reason: 'bundle_too_large', why: `The bundle has ${bundle.length} bytes.` };
  }
  if (sha256Hex(bundle, hash) !== manifest.bundleSha256) {
    return {
      kind: 'invalid',
      reason: 'bundle_corrupt',
      why: "The bundle does not match the manifest's hash.",
    };
  }
  const specs = groupTensors(groupOf(definition, manifest.group), definition.baseModel.architecture);
  const decoded = decodeDelta(definition.codec, bundle, specs);
  if (decoded.kind === 'invalid') return decoded;
  for (const { name, offset, bytes, sha256: expected } of manifest.tensors) {
    if (sha256Hex(bundle.subarray(offset, offset + bytes), hash) !== expected) {
      return { kind: 'invalid', reason: 'bundle_corrupt', why: `"${name}" does not match its hash.` };
    }
  }
  return decoded;
}
