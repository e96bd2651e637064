import type { Neuron } from '@connito/ledger';
import {
  type ArtifactHash,
  ConnitoError,
  checkReveal,
  type ExpertGroupId,
  type Hotkey,
  MAX_REVEAL_BYTES,
  type Manifest,
  openBundle,
  type PlacedNote,
  type Reason,
  type StateHash,
  submissionOf,
  type TensorMap,
  type Uid,
  verifySr25519,
} from '@connito/protocol';
import type { RunContext } from './context.ts';
import type { RoundFacts } from './round-facts.ts';
import { nativeSha256 } from './state-loader.ts';

type Identity = { readonly uid: Uid; readonly hotkey: Hotkey; readonly group: ExpertGroupId };

/** What became of one miner's reveal. */
export type OpenedReveal = Identity &
  (
    | {
        readonly kind: 'valid';
        readonly manifest: Manifest;
        readonly commitBlock: number;
        /** Local − global, decoded and finite. */
        readonly delta: TensorMap;
        /** Of the reveal document and the bundle. */
        readonly bytes: number;
      }
    /** The miner's fault; every honest validator finds the same. */
    | { readonly kind: 'invalid'; readonly reason: Reason; readonly why: string }
    /** Bytes that this node could not get: it counts neither for nor against the miner. */
    | { readonly kind: 'missing'; readonly reason: 'reveal_missing' | 'bundle_missing' }
  );

/**
 * Fetches and checks one miner's reveal of a round by every rule of the protocol, cheapest first: nothing is fetched before
 * what it claims to be is bounded. Only failures to store or fetch are thrown; hostile bytes are an outcome.
 */
export async function openReveal(
  context: RunContext,
  facts: RoundFacts,
  notes: readonly PlacedNote[],
  miner: Neuron,
  baseState: StateHash,
  signal?: AbortSignal,
): Promise<OpenedReveal> {
  const { definition, run } = context;
  const { uid, hotkey } = miner;
  const assignment = facts.assignments.get(uid);
  if (assignment === undefined) throw new RangeError(`uid ${uid} has no task in round ${facts.round}`);
  const identity = { uid, hotkey, group: assignment.group };
  const commit = submissionOf(notes, hotkey, 'commit', facts.round, definition.schedule);
  const reveal = submissionOf(notes, hotkey, 'reveal', facts.round, definition.schedule);

  let document: Uint8Array | null = null;
  if (commit.kind === 'submitted' && reveal.kind === 'submitted') {
    document = await fetchOrNull(context, reveal.note.document, MAX_REVEAL_BYTES, signal);
    if (document === null) return { ...identity, kind: 'missing', reason: 'reveal_missing' };
  }
  const verdict = checkReveal(
    { hotkey, round: facts.round, assignedGroup: assignment.group, baseState, commit, reveal, document },
    { definition, run, verify: verifySr25519 },
  );
  if (verdict.kind === 'invalid') return { ...identity, ...verdict };

  const { manifest, commitBlock, bundleBytes } = verdict;
  const bundle = await fetchOrNull(context, manifest.bundleSha256, bundleBytes, signal);
  if (bundle === null) return { ...identity, kind: 'missing', reason: 'bundle_missing' };
  const opened = openBundle(manifest, bundle, definition, nativeSha256);
  if (opened.kind === 'invalid') return { ...identity, ...opened };
  const bytes = document!.length + bundle.length;
  return { ...identity, kind: 'valid', manifest, commitBlock, delta: opened.delta, bytes };
}

/** The bytes of an artifact, or null where no source has them in the bounds. */
export async function fetchOrNull(
  context: RunContext,
  hash: ArtifactHash,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array | null> {
  try {
    return await context.store.get(hash, signal === undefined ? { maxBytes } : { maxBytes, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ConnitoError) return null;
    throw error;
  }
}
