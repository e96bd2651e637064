import { z } from 'zod';
import type { ExpertGroupId, Hotkey, RunId, StateHash } from '../brand.ts';
import type { BundleSummary } from '../codec/bundle-encoder.ts';
import { fromHex } from '../encoding/bytes.ts';
import { encodeCanonical } from '../encoding/canonical-json.ts';
import { taggedHash } from '../encoding/hash.ts';
import {
  artifactHashSchema,
  countSchema,
  expertGroupIdSchema,
  hotkeySchema,
  roundSchema,
  runIdSchema,
  stateHashSchema,
} from '../encoding/schema.ts';
import { MAX_TENSORS, tensorEntryFields } from '../tensor/tensor-table.ts';

/**
 * What a miner claims about its bundle. It names run, round, group, hotkey and base state, so a commitment to it is
 * worthless to any other key and in any other round.
 */
export const manifestSchema = z.strictObject({
  protocol: z.string().max(32),
  run: runIdSchema,
  round: roundSchema,
  group: expertGroupIdSchema,
  hotkey: hotkeySchema,
  baseState: stateHashSchema,
  codec: z.string().max(32),
  tensors: z.array(z.strictObject({ ...tensorEntryFields, offset: countSchema })).max(MAX_TENSORS),
  trainedTokens: countSchema,
  innerSteps: countSchema,
  bundleSha256: artifactHashSchema,
});
export type Manifest = z.infer<typeof manifestSchema>;

export type Work = {
  readonly run: RunId;
  readonly round: number;
  readonly group: ExpertGroupId;
  readonly hotkey: Hotkey;
  readonly baseState: StateHash;
  readonly codec: string;
  readonly trainedTokens: number;
  readonly innerSteps: number;
};

/** The manifest of an encoded bundle. */
export function manifestOf(work: Work, encoded: BundleSummary): Manifest {
  const { bundleSha256 } = encoded;
  const tensors = encoded.tensors.map((entry) => ({ ...entry, shape: [...entry.shape] }));
  return { protocol: 'connito/1', ...work, tensors, bundleSha256 };
}

/** 32 bytes, bound to the run. */
export function manifestHashOf(manifest: Manifest): Uint8Array {
  return taggedHash('connito/1/manifest', fromHex(manifest.run, 32), encodeCanonical(manifest));
}
