import type { StoredSubmission } from '@connito/miner';
import { type ArtifactHash, sha256Hex } from '@connito/protocol';
import { nativeSha256 } from '@connito/run';

/** Changes what an honest miner's code commits to and reveals. */
export type Packing = (submission: StoredSubmission) => StoredSubmission;
type Entry = StoredSubmission['manifest']['tensors'][number];

/** Adds a tensor that no group holds. */
export function withTensor(name: string): Packing {
  return withTensors((tensors) => [...tensors, { ...tensors[0]!, name }].sort(byName));
}

/** Names another expert's tensor in place of the group's own. */
export function withExpert(layer: number, expert: number): Packing {
  return withTensors((tensors) =>
    tensors
      .map((entry, i) =>
        i === 0 ? { ...entry, name: `model.layers.${layer}.mlp.experts.${expert}.up_proj.weight` } : entry,
      )
      .sort(byName),
  );
}

export const withoutTensor: Packing = withTensors((tensors) => tensors.slice(1));

/** The same bytes under the transposed shape. */
export const reshaped: Packing = withTensors(([first, ...rest]) => [
  { ...first!, shape: [...first!.shape].reverse() },
  ...rest,
]);

export const wrongDtype: Packing = withTensors(([first, ...rest]) => [{ ...first!, dtype: 'F32' }, ...rest]);

/** A tensor that would need petabytes. */
export const hugeTensor: Packing = withTensors(([first, ...rest]) => [
  { ...first!, bytes: 2 ** 50 },
  ...rest,
]);

/** Two tensors over the same bytes. */
export const overlapping: Packing = withTensors(([first, second, ...rest]) => [
  first!,
  { ...second!, offset: first!.offset },
  ...rest,
]);

/** More bytes than the codec gives, correctly hashed. */
export const padded: Packing = withBundle((bundle) => Buffer.concat([bundle, new Uint8Array(1 << 16)]));

export const truncated: Packing = withBundle((bundle) => bundle.subarray(0, bundle.length - 1));

/** Every bit set, correctly hashed: scales and values that decode to no finite number. */
export const allOnes: Packing = withBundle((bundle) => new Uint8Array(bundle.length).fill(0xff));

/** One flipped bit, with the hashes of the bundle that was trained. */
export const flippedBit: Packing = (submission) => {
  const bundle = submission.bundle.slice();
  bundle[0]! ^= 1;
  return { ...submission, bundle };
};

/** Sends the first round's manifest and bundle again. */
export function replayed(): Packing {
  let first: StoredSubmission | null = null;
  return (submission) => {
    first ??= submission;
    return first;
  };
}

function withTensors(change: (tensors: readonly Entry[]) => readonly Entry[]): Packing {
  return (submission) => ({
    ...submission,
    manifest: { ...submission.manifest, tensors: [...change(submission.manifest.tensors)] },
  });
}

function withBundle(change: (bundle: Uint8Array) => Uint8Array): Packing {
  return (submission) => {
    const bundle = change(submission.bundle);
    const hash = (bytes: Uint8Array): ArtifactHash => sha256Hex(bytes, nativeSha256);
    const tensors = submission.manifest.tensors.map((entry) => ({
      ...entry,
      sha256: hash(bundle.subarray(entry.offset, entry.offset + entry.bytes)),
    }));
    return {
      ...submission,
      bundle,
      manifest: { ...submission.manifest, tensors, bundleSha256: hash(bundle) },
    };
  };
}

function byName(a: Entry, b: Entry): number {
  return a.name < b.name ? -1 : 1;
}
