/** What one hotkey may write. Blocks are counted from the open block. */
export type LedgerLimits = {
  /** Notes of one hotkey in one block. */
  readonly notesPerBlock: number;
  /** Whether a later note in a block replaces the hotkey's earlier one, as where only one is kept per hotkey. */
  readonly oneNotePerBlock: boolean;
  /** Bytes of notes of one hotkey in one epoch; null for no such limit. */
  readonly noteBytesPerEpoch: number | null;
  /** The least a note is charged against `noteBytesPerEpoch`. */
  readonly minNoteChargeBytes: number;
  /** Blocks that must lie between two settings of chain weights, or two announcements, by one hotkey. */
  readonly weightsIntervalBlocks: number;
  readonly announceIntervalBlocks: number;
};

/** `local`: room for experiments, yet bounded. `bittensor`: the chain's own rules, as of runtime 424. */
export const LIMITS = {
  local: {
    notesPerBlock: 64,
    oneNotePerBlock: false,
    noteBytesPerEpoch: null,
    minNoteChargeBytes: 0,
    weightsIntervalBlocks: 0,
    announceIntervalBlocks: 0,
  },
  bittensor: {
    notesPerBlock: 64,
    // A commitment replaces the last one, and only the state after each block can be read.
    oneNotePerBlock: true,
    noteBytesPerEpoch: 3_100,
    minNoteChargeBytes: 100,
    weightsIntervalBlocks: 100,
    announceIntervalBlocks: 50,
  },
} as const satisfies Record<string, LedgerLimits>;

export type LimitsProfile = keyof typeof LIMITS;
