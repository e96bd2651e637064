import type { Hotkey, Uid } from '@connito/protocol';

/**
 * A place where the public record is not what the protocol gives: bytes that are not what their hash names, an agreed result that
 * does not follow from its inputs, or one that rests on reports the replay contradicts. One is enough for the replay to fail.
 */
export type Difference = {
  /** Null where it belongs to no round. */
  readonly round: number | null;
  /** Such as `report of uid 2`, `ledger block 17` or `state`. */
  readonly artefact: string;
  readonly field: string;
  readonly expected: string;
  readonly found: string;
};

/**
 * What a single validator reported, voted or posted otherwise than the public record gives. Agreement exists to stand such: where
 * it moved nothing that was agreed on, the record is as the protocol gives it, and the finding names the validator.
 */
export type Finding = Omit<Difference, 'round'> & {
  readonly round: number;
  readonly validator: { readonly uid: Uid; readonly hotkey: Hotkey };
};

/** Losses and what follows from them, as validators reported them against those measured here. */
export type LossAgreement =
  /** Measuring was skipped: scores, merge figures and votes were taken as reported. */
  | { readonly kind: 'not_measured' }
  | {
      readonly kind: 'measured';
      /** Losses compared, those of reports that were found wrong not counted. */
      readonly compared: number;
      readonly exact: number;
      readonly largestNanoNats: number;
      /** The run's stated tolerance, which reports of other builds must keep. */
      readonly toleranceNanoNats: number;
    };

export type RoundReplay = {
  readonly round: number;
  readonly outcome: 'canonical' | 'void' | 'unknown';
  /** The state after the round, as recomputed; null where it could not be. */
  readonly state: string | null;
  readonly losses: LossAgreement;
  readonly differences: readonly Difference[];
  readonly findings: readonly Finding[];
};
