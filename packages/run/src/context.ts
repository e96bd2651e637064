import type { Ledger } from '@connito/ledger';
import type { RunDefinition, RunId } from '@connito/protocol';
import type { ArtifactStore } from '@connito/store';

/** What everything about a run is derived from. */
export type RunContext = {
  readonly definition: RunDefinition;
  readonly run: RunId;
  readonly ledger: Ledger;
  readonly store: ArtifactStore;
};
