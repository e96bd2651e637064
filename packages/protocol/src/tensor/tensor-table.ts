import { z } from 'zod';
import type { ArtifactHash, RunId, StateHash } from '../brand.ts';
import { fromHex, uint32Bytes, uint64Bytes, utf8 } from '../encoding/bytes.ts';
import { taggedHashHex } from '../encoding/hash.ts';
import { artifactHashSchema, countSchema, positiveSchema } from '../encoding/schema.ts';
import { requireArgument } from '../errors.ts';
import { type Dtype, dtypeSchema } from './dtype.ts';

/** More experts than any published model has, times three projections, times two for momentum. */
export const MAX_TENSORS = 65_536;
/** No single dimension may exceed this, so that products of two stay safe integers. */
const MAX_DIMENSION = 2 ** 26;

/** One row of a tensor table: everything that identifies a tensor's content. `bytes` is its length. */
export type TensorEntry = {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly sha256: ArtifactHash;
};

export const tensorEntryFields = {
  name: z.string().min(1).max(256),
  dtype: dtypeSchema,
  shape: z.array(positiveSchema.max(MAX_DIMENSION)).min(1).max(2),
  bytes: countSchema,
  sha256: artifactHashSchema,
} as const;

export type StateIdentity = {
  readonly run: RunId;
  readonly round: number;
  /** Null for the state a run starts from. */
  readonly parent: StateHash | null;
  /** Parameters and momentum of all groups, in name order. */
  readonly tensors: readonly TensorEntry[];
};

/**
 * The hash all nodes agree on: over run, round, parent and the typed tensor table, every field framed. How tensors are
 * packed into slices is not part of it.
 */
export function stateHashOf({ run, round, parent, tensors }: StateIdentity): StateHash {
  requireNameOrder(tensors);
  const rows = tensors.flatMap((entry) => [
    utf8(entry.name),
    utf8(entry.dtype),
    uint32Bytes(entry.shape.length),
    ...entry.shape.map(uint64Bytes),
    uint64Bytes(entry.bytes),
    fromHex(entry.sha256, 32),
  ]);
  return taggedHashHex(
    'connito/1/state',
    fromHex(run, 32),
    uint64Bytes(round),
    parent === null ? new Uint8Array(0) : fromHex(parent, 32),
    uint64Bytes(tensors.length),
    ...rows,
  ) as StateHash;
}

/** Whether names are strictly ascending, and so also distinct. */
export function isInNameOrder(entries: readonly { readonly name: string }[]): boolean {
  return entries.every((entry, i) => i === 0 || entries[i - 1]!.name < entry.name);
}

function requireNameOrder(entries: readonly TensorEntry[]): void {
  requireArgument(isInNameOrder(entries), 'A tensor table lists distinct names in order.');
}
