import { z } from 'zod';
import type { ArtifactHash, ExpertGroupId, Hotkey, RunId, StateHash } from '../brand.ts';
import { bundleLayout } from '../codec/bundle-layout.ts';
import { decodeCanonical, encodeCanonical } from '../encoding/canonical-json.ts';
import { sha256Hex } from '../encoding/hash.ts';
import { signatureSchema } from '../encoding/schema.ts';
import { isSignedBy, signDocument } from '../encoding/signed-document.ts';
import type { Sign, Verify } from '../encoding/sr25519.ts';
import type { Submission } from '../note/note-log.ts';
import type { Reason } from '../reasons.ts';
import type { RunDefinition } from '../run/run-definition.ts';
import { groupOf, groupTensors } from '../tensor/expert-tensors.ts';
import { equalShapes } from '../tensor/tensor.ts';
import { isInNameOrder } from '../tensor/tensor-table.ts';
import { commitmentOf } from './commitment.ts';
import { type Manifest, manifestSchema } from './manifest.ts';

/** About 400 bytes for each tensor of the largest group a note can describe, with room to spare. */
export const MAX_REVEAL_BYTES = 16 << 20;

const REVEAL_TAG = 'connito/1/reveal';

export const revealSchema = z.strictObject({
  manifest: manifestSchema,
  salt: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits'),
  /** By the manifest's hotkey, over manifest and salt. */
  signature: signatureSchema,
});
export type Reveal = z.infer<typeof revealSchema>;

/** Signs a reveal; its canonical bytes are the artifact the reveal note names. */
export async function signReveal(manifest: Manifest, salt: string, sign: Sign): Promise<Reveal> {
  return { manifest, salt, signature: await signDocument(REVEAL_TAG, { manifest, salt }, sign) };
}

export function encodeReveal(reveal: Reveal): Uint8Array {
  return encodeCanonical(reveal);
}

/** Everything the verdict on a reveal depends on. */
export type RevealEvidence = {
  readonly hotkey: Hotkey;
  readonly round: number;
  readonly assignedGroup: ExpertGroupId;
  readonly baseState: StateHash;
  readonly commit: Submission<'commit'>;
  readonly reveal: Submission<'reveal'>;
  /** The bytes of the document the reveal note names, or null where no source had them. */
  readonly document: Uint8Array | null;
};

export type RevealRules = {
  readonly definition: RunDefinition;
  readonly run: RunId;
  readonly verify: Verify;
};

export type RevealVerdict =
  | {
      readonly kind: 'valid';
      readonly manifest: Manifest;
      /** Where the commitment stands on the ledger: the update's time of birth. */
      readonly commitBlock: number;
      readonly bundleBytes: number;
    }
  | { readonly kind: 'invalid'; readonly reason: Reason; readonly why: string };

/**
 * All checks that need no bundle, in the order of the protocol. Hostile input gives `invalid` with a reason; nothing is
 * thrown. Whoever passes may have its bundle fetched, up to `bundleBytes`. `reveal_missing` tells what this node could not
 * fetch, so a validator reports it as an abstention: whether the bytes exist is for the attestations to say.
 */
export function checkReveal(evidence: RevealEvidence, rules: RevealRules): RevealVerdict {
  const { commit, reveal, document } = evidence;
  switch (commit.kind) {
    case 'missing':
      return invalid('no_commitment', 'There is no commitment.');
    case 'late':
      return invalid('late_commit', `The commitment is in block ${commit.block}.`);
    case 'wrong_round':
      return invalid(
        'wrong_round',
        `The commitment names round ${commit.note.round}, not ${evidence.round}.`,
      );
    case 'submitted':
  }
  switch (reveal.kind) {
    case 'missing':
      return invalid('not_revealed', 'There is no reveal.');
    case 'late':
      return invalid('late_reveal', `The reveal is in block ${reveal.block}.`);
    case 'wrong_round':
      return invalid('wrong_round', `The reveal names round ${reveal.note.round}, not ${evidence.round}.`);
    case 'submitted':
  }
  if (document === null) return invalid('reveal_missing', `No source has ${reveal.note.document}.`);
  const parsed = parseReveal(document, reveal.note.document);
  if (parsed === null) return invalid('reveal_malformed', 'The document is not a reveal.');

  const { manifest, salt, signature } = parsed;
  if (commitmentOf(manifest, salt) !== commit.note.commitment) {
    return invalid('commitment_mismatch', 'Manifest and salt do not hash to the commitment.');
  }
  if (!isSignedBy(evidence.hotkey, REVEAL_TAG, { manifest, salt }, signature, rules.verify)) {
    return invalid('bad_signature', `Not signed by ${evidence.hotkey}.`);
  }
  const misplaced = bindingFault(manifest, commit.note.group, evidence, rules);
  if (misplaced !== null) return misplaced;

  const { definition } = rules;
  const group = groupOf(definition, evidence.assignedGroup);
  const layout = bundleLayout(definition.codec, groupTensors(group, definition.baseModel.architecture));
  if (layout.bytes > definition.codec.maxBundleBytes) {
    return invalid('bundle_too_large', `${layout.bytes} bytes exceed ${definition.codec.maxBundleBytes}.`);
  }
  const fault = tensorFault(manifest, layout.tensors);
  if (fault !== null) return fault;
  return { kind: 'valid', manifest, commitBlock: commit.block, bundleBytes: layout.bytes };
}

function parseReveal(document: Uint8Array, named: ArtifactHash): Reveal | null {
  if (document.length > MAX_REVEAL_BYTES || sha256Hex(document) !== named) return null;
  try {
    return revealSchema.parse(decodeCanonical(document, { maxBytes: MAX_REVEAL_BYTES }));
  } catch {
    // Not canonical or not a reveal: either way the miner's fault, and the reason says so.
    return null;
  }
}

function bindingFault(
  manifest: Manifest,
  committedGroup: number,
  { hotkey, round, assignedGroup, baseState }: RevealEvidence,
  { definition, run }: RevealRules,
): RevealVerdict | null {
  const mismatch = (reason: Reason, found: string | number, expected: string | number) =>
    found === expected ? null : invalid(reason, `The manifest says ${found}, expected ${expected}.`);
  return (
    mismatch('wrong_protocol', manifest.protocol, definition.protocol) ??
    mismatch('wrong_run', manifest.run, run) ??
    mismatch('wrong_round', manifest.round, round) ??
    mismatch('wrong_group', manifest.group, assignedGroup) ??
    mismatch(
      'wrong_group',
      definition.groups[committedGroup]?.id ?? `group ${committedGroup}`,
      assignedGroup,
    ) ??
    mismatch('wrong_hotkey', manifest.hotkey, hotkey) ??
    mismatch('wrong_base_state', manifest.baseState, baseState) ??
    mismatch('wrong_codec', manifest.codec, definition.codec.kind)
  );
}

function tensorFault(
  manifest: Manifest,
  expected: ReturnType<typeof bundleLayout>['tensors'],
): RevealVerdict | null {
  const allowed = new Set(expected.map(({ name }) => name));
  const outside = manifest.tensors.find(({ name }) => !allowed.has(name));
  if (outside !== undefined)
    return invalid('scope_violation', `"${outside.name}" is not in group "${manifest.group}".`);
  if (!isInNameOrder(manifest.tensors) || manifest.tensors.length !== expected.length) {
    return invalid('manifest_mismatch', `Expected ${expected.length} distinct tensors in name order.`);
  }
  for (const [i, entry] of manifest.tensors.entries()) {
    const wanted = expected[i]!;
    const fits =
      entry.name === wanted.name &&
      entry.dtype === wanted.dtype &&
      equalShapes(entry.shape, wanted.shape) &&
      entry.offset === wanted.offset &&
      entry.bytes === wanted.bytes;
    if (!fits) {
      const place = `${wanted.dtype} [${wanted.shape}] at ${wanted.offset}`;
      return invalid('manifest_mismatch', `"${entry.name}" is not ${place} in ${wanted.bytes} bytes.`);
    }
  }
  return null;
}

function invalid(reason: Reason, why: string): RevealVerdict {
  return { kind: 'invalid', reason, why };
}
