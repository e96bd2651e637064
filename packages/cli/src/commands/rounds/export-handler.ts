import { exportRounds, lastRoundOf, replayError } from '@connito/replay';
import { type CommandContext, stopSignal } from '../../command/context.ts';
import { EXIT_CODES, type ExitCode } from '../../exit-codes.ts';
import { networkRecord } from '../../network/public-record.ts';
import { differenceLine } from '../verify/verify-lines.ts';
import type { ExportOptions } from './options.ts';

/** Writes an archive. Ends with 4 where the rounds could not be exported as a whole. */
export async function exportArchive(options: ExportOptions, context: CommandContext): Promise<ExitCode> {
  const { stdout } = context;
  const signal = stopSignal(context);
  const record = await networkRecord(options.dir, { model: null, signal });
  const finished = lastRoundOf(record);
  if (finished < 0) throw replayError('record_incomplete', 'No round is over yet. Wait for the first.');
  const [firstRound, lastRound] = options.rounds ?? [0, finished];
  const { out: path, model: includesModel } = options;
  const exported = await exportRounds(record, { path, firstRound, lastRound, includesModel }, signal);
  const ok = exported.differences.length === 0;
  if (options.json === true) {
    stdout.write(`${JSON.stringify({ type: 'export', ok, path, firstRound, lastRound, ...exported })}\n`);
  } else {
    const megabytes = (exported.bytes / 1e6).toFixed(1);
    const lines = exported.differences.map(differenceLine);
    if (exported.bytes === 0) lines.push('Nothing was written: what all rounds rest on differs.');
    else lines.push(`Wrote rounds ${firstRound} to ${lastRound}, ${megabytes} MB, to ${path}.`);
    stdout.write(`${lines.join('\n')}\n`);
  }
  return ok ? EXIT_CODES.ok : EXIT_CODES.data;
}
