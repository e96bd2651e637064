import { ConnitoError } from '@connito/protocol';
import {
  Archive,
  type Difference,
  lastRoundOf,
  type PublicRecord,
  Replay,
  type RoundReplay,
} from '@connito/replay';
import { type CommandContext, stopSignal } from '../../command/context.ts';
import { cliError } from '../../errors.ts';
import { EXIT_CODES, type ExitCode } from '../../exit-codes.ts';
import { archiveRecord, networkRecord } from '../../network/public-record.ts';
import type { VerifyOptions } from './options.ts';
import { differenceLine, roundLines, summaryLine } from './verify-lines.ts';

/** What a verification comes to. */
export type Verification = {
  readonly ok: boolean;
  /** Rounds replayed. */
  readonly rounds: number;
  readonly losses: 'measured' | 'not_measured';
  /** The last block of the record: whoever knows its hash from elsewhere knows that the record is the network's. */
  readonly head: { readonly number: number; readonly hash: string } | null;
  readonly differences: readonly Difference[];
  readonly findings: RoundReplay['findings'];
};

/** Replays rounds and tells each as soon as it is done. */
export async function verify(options: VerifyOptions, context: CommandContext): Promise<ExitCode> {
  const { stdout } = context;
  const signal = stopSignal(context);
  const isJson = options.json === true;
  const result = await verification(options, signal, (round) => {
    if (isJson)
      stdout.write(`${JSON.stringify({ type: 'round', ok: round.differences.length === 0, ...round })}\n`);
    else stdout.write(`${roundLines(round).join('\n')}\n`);
  });
  if (isJson) stdout.write(`${JSON.stringify({ type: 'summary', ...result })}\n`);
  else {
    const general = result.differences.filter(({ round }) => round === null);
    stdout.write(`${[...general.map(differenceLine), summaryLine(result)].join('\n')}\n`);
  }
  return result.ok ? EXIT_CODES.ok : EXIT_CODES.data;
}

async function verification(
  options: VerifyOptions,
  signal: AbortSignal,
  onRound: (round: RoundReplay) => void,
): Promise<Verification> {
  const { archive: path, dir, model = null } = options;
  if (path === undefined) {
    const record = await networkRecord(dir, { model, signal });
    return verifyRecord(record, options, { firstRound: 0, signal, onRound });
  }
  await using archive = await Archive.open(path);
  const damage = await archive.damage(signal);
  try {
    await using opened = await archiveRecord(archive, model);
    const { firstRound, lastRound } = archive.index;
    const verified = await verifyRecord(opened.record, options, { firstRound, signal, onRound });
    const recorded = lastRoundOf(opened.record);
    const differences = [...damage, ...verified.differences];
    if (recorded !== lastRound) {
      const ends = { expected: `${recorded}, where the ledger ends`, found: `${lastRound}` };
      differences.push({ round: null, artefact: 'archive.json', field: 'lastRound', ...ends });
    }
    return { ...verified, ok: differences.length === 0, differences };
  } catch (error) {
    // Damage explains most of what then cannot be read.
    if (damage.length === 0 || !(error instanceof ConnitoError)) throw error;
    return { ok: false, rounds: 0, losses: lossesOf(options), head: null, differences: damage, findings: [] };
  }
}

/** Replays the rounds that were asked for. Fails with `round_missing` where the record has none of them. */
export async function verifyRecord(
  record: PublicRecord,
  options: Pick<VerifyOptions, 'round' | 'losses' | 'threads' | 'head'>,
  {
    firstRound,
    signal,
    onRound,
  }: {
    readonly firstRound: number;
    readonly signal: AbortSignal;
    readonly onRound: (round: RoundReplay) => void;
  },
): Promise<Verification> {
  const number = record.extract.blocks.length;
  const { hash } = record.extract.blocks.at(-1) ?? record.extract.genesis;
  const head = { number, hash };
  const differences: Difference[] = [];
  if (options.head !== undefined && options.head !== hash) {
    const artefact = `ledger block ${number}`;
    differences.push({ round: null, artefact, field: 'hash', expected: options.head, found: hash });
  }
  const result = { losses: lossesOf(options), head };
  const opened = await Replay.open(record, { measuresLosses: options.losses, threads: options.threads });
  if (opened.kind === 'differs') {
    return {
      ok: false,
      rounds: 0,
      ...result,
      differences: [...differences, ...opened.differences],
      findings: [],
    };
  }
  const { replay } = opened;
  const replayed: RoundReplay[] = [];
  try {
    for (const round of roundsOf(options.round ?? null, firstRound, replay.lastRound)) {
      const done = await replay.round(round, signal);
      replayed.push(done);
      onRound(done);
    }
  } finally {
    await replay.stop();
  }
  differences.push(...replayed.flatMap((round) => round.differences));
  return {
    ok: differences.length === 0,
    rounds: replayed.length,
    ...result,
    differences,
    findings: replayed.flatMap(({ findings }) => findings),
  };
}

function roundsOf(asked: number | null, first: number, last: number): number[] {
  if (asked === null && last >= first) return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  if (asked !== null && asked >= first && asked <= last) return [asked];
  const recorded = last < first ? 'none is' : first === last ? `only ${first} is` : `${first} to ${last} are`;
  const what =
    asked === null ? 'No finished round is recorded' : `Round ${asked} is not recorded; ${recorded}`;
  throw cliError('round_missing', `${what}.`, { first, last });
}

function lossesOf({ losses }: Pick<VerifyOptions, 'losses'>): Verification['losses'] {
  return losses ? 'measured' : 'not_measured';
}
