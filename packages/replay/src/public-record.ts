import type { LedgerExtract } from '@connito/ledger';
import { type RunDefinition, roundLengthBlocks } from '@connito/protocol';
import type { ArtifactStore } from '@connito/store';

/** Everything a stranger needs: nothing of it has to be trusted but the hash of the ledger's last block. */
export type PublicRecord = {
  readonly definition: RunDefinition;
  readonly extract: LedgerExtract;
  readonly store: Pick<ArtifactStore, 'get' | 'size'>;
  /** Folder with the base model's files. */
  readonly modelFolder: string;
  /**
   * Whether everything ever stored should be there. An archive leaves out what follows from the rest: slices of states that are
   * recomputed, and texts that no validator reads.
   */
  readonly isComplete: boolean;
};

/** The last round all of whose blocks are recorded; −1 where none is. */
export function lastRoundOf({ extract, definition }: Pick<PublicRecord, 'extract' | 'definition'>): number {
  const { schedule } = definition;
  return Math.floor((extract.blocks.length + 1 - schedule.genesisBlock) / roundLengthBlocks(schedule)) - 1;
}
