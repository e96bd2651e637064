/**
 * Replay: everything a finished round led to, recomputed from its public record by somebody who took no part, and archives that
 * carry such a record to them.
 *
 * @example
 * const opened = await Replay.open(record, { measuresLosses: true, threads: 1 });
 * if (opened.kind === 'opened') print(await opened.replay.round(3, signal));
 */
export { type Exported, type ExportOptions, exportRounds } from './archive/export-rounds.ts';
export { Archive } from './archive/open-archive.ts';
export type { Difference, Finding, LossAgreement, RoundReplay } from './difference.ts';
export { type ReplayErrorCode, replayError } from './errors.ts';
export { lastRoundOf, type PublicRecord } from './public-record.ts';
export { Replay, type ReplayOptions } from './replay.ts';
