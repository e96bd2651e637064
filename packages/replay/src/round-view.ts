import type { ArtifactHash, PlacedNote, Report } from '@connito/protocol';
import type { OpenedReveal, RoundFacts, RoundVerdict, RunContext, RunState } from '@connito/run';
import type { LossComparison } from './loss-comparison.ts';
import type { RoundNotebook } from './round-notebook.ts';
import type { WatchedStore } from './watched-store.ts';

/** A round as the replay sees it; what every check works on. */
export type RoundView = {
  readonly context: RunContext & { readonly store: WatchedStore };
  readonly facts: RoundFacts;
  readonly notes: readonly PlacedNote[];
  readonly base: RunState;
  readonly reveals: readonly OpenedReveal[];
  readonly verdict: RoundVerdict;
  /** What an honest validator of this build reports; null where nothing is measured. */
  readonly own: Report | null;
  readonly build: string;
  readonly comparison: LossComparison;
  readonly notebook: RoundNotebook;
};

/** The bytes of an artifact that is public if its author kept to the protocol, or null. */
export async function readOrNull(
  { context }: Pick<RoundView, 'context'>,
  hash: ArtifactHash,
  maxBytes: number,
): Promise<Uint8Array | null> {
  try {
    return await context.store.get(hash, { maxBytes });
  } catch {
    // What came as other bytes is remembered by the store; the rest is missing, whatever the reason.
    return null;
  }
}
