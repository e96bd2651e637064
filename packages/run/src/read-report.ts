import {
  ConnitoError,
  evaluationSeedBlock,
  type Hotkey,
  parseReport,
  type Report,
  type ReportFault,
  type RunDefinition,
  type RunId,
  reportFault,
  type StateHash,
  verifySr25519,
} from '@connito/protocol';

/** Whose report of which round is expected, and the state that round started from. */
export type ExpectedReport = {
  readonly run: RunId;
  readonly round: number;
  readonly validator: Hotkey;
  readonly baseState: StateHash;
};

/** A report that counts, or why it does not. `report` is null where the bytes are not a signed report. */
export type ReadReport =
  | { readonly kind: 'counts'; readonly report: Report }
  | { readonly kind: 'refused'; readonly report: Report | null; readonly fault: ReportFault };

/**
 * Reads a validator's report. It counts if it is signed, measured on the round's state and draw, and does not contradict
 * itself. A function of the bytes and the run, so that all nodes leave out the same reports.
 */
export function readReport(
  bytes: Uint8Array,
  { run, round, validator, baseState }: ExpectedReport,
  definition: RunDefinition,
): ReadReport {
  let report: Report;
  try {
    report = parseReport(bytes, { run, round, validator }, verifySr25519);
  } catch (error) {
    if (!(error instanceof ConnitoError)) throw error;
    const fault = { field: 'bytes', expected: 'a signed report', found: error.message };
    return { kind: 'refused', report: null, fault };
  }
  const seedBlock = evaluationSeedBlock(round, definition.schedule);
  const fault =
    differing('baseState', baseState, report.baseState) ??
    differing('evaluationSeedBlock', seedBlock, report.evaluationSeedBlock) ??
    reportFault(report, definition);
  return fault === null ? { kind: 'counts', report } : { kind: 'refused', report, fault };
}

function differing(field: string, expected: string | number, found: string | number): ReportFault | null {
  return found === expected ? null : { field, expected, found };
}
