import type { ValidatorsAnswer } from '../api/schemas/validators.ts';
import { nameOf, type Row, rowsOf, type ViewSource } from './source.ts';

/** Rounds in each validator's row of marks. */
const HISTORY_ROUNDS = 40;

/** How each validator did over the last `rounds` rounds. */
export function validatorsView(source: ViewSource, rounds: number): ValidatorsAnswer {
  const to = source.archive.nextRound - 1;
  const from = Math.max(0, to - rounds + 1);
  if (to < 0) return { from: 0, to: 0, rows: [] };
  const rows = rowsOf(
    source,
    'SELECT v.*, h.hotkey, r.state AS held, r.outcome FROM validator_round v JOIN hotkey h ON h.id = v.validator JOIN round r ON r.round = v.round WHERE v.round BETWEEN ? AND ? ORDER BY v.round',
    from,
    to,
  );
  const newest = rows.filter((row) => Number(row.round) === to);
  const allStake = newest.reduce((sum, row) => sum + BigInt(String(row.stake)), 0n);
  return {
    from,
    to,
    rows: [...Map.groupBy(rows, (row) => String(row.hotkey)).values()]
      .map((own) => validatorRow(source, own, allStake))
      .sort((a, b) => a.uid - b.uid),
  };
}

function validatorRow(
  source: ViewSource,
  own: readonly Row[],
  allStake: bigint,
): ValidatorsAnswer['rows'][number] {
  const last = own.at(-1)!;
  const withStatus = (status: string): number => own.filter((row) => row.status === status).length;
  const sum = (field: string): number => own.reduce((total, row) => total + Number(row[field] ?? 0), 0);
  const mean = (field: string): number | null => {
    const values = own.map((row) => row[field]).filter((value) => value !== null);
    return values.length === 0 ? null : values.reduce<number>((a, b) => a + Number(b), 0) / values.length;
  };
  const measured = own.filter((row) => Number(row.sequences) > 0 && Number(row.evaluate_ms ?? 0) > 0);
  const seconds = measured.reduce((total, row) => total + Number(row.evaluate_ms) / 1000, 0);
  const posted = own.filter((row) => row.state !== null);
  // Shares of stake to a millionth: more digits than anybody reads.
  const share = allStake === 0n ? 0 : Number((BigInt(String(last.stake)) * 1_000_000n) / allStake) / 1e6;
  return {
    uid: Number(last.uid),
    hotkey: String(last.hotkey),
    name: nameOf(source, String(last.hotkey)),
    stake: String(last.stake),
    stakeShare: share,
    rounds: own.length,
    inTime: withStatus('in_time'),
    late: withStatus('late'),
    missing: withStatus('missing') + withStatus('not_counted'),
    meanBlocksUsed: mean('blocks_used'),
    judged: sum('judged'),
    same: sum('same'),
    meanDeviationNanoNats: mean('deviation'),
    statesPosted: posted.length,
    statesCanonical: posted.filter(isCanonical).length,
    dividends: Number(last.dividends),
    sequencesPerSecond:
      seconds === 0 ? null : measured.reduce((total, row) => total + Number(row.sequences), 0) / seconds,
    lastState: last.state === null ? null : String(last.state),
    history: own.slice(-HISTORY_ROUNDS).map((row) => ({
      round: Number(row.round),
      status: String(row.status),
      agreed: row.state === null ? null : isCanonical(row),
      same: Number(row.same),
      judged: Number(row.judged),
    })),
  };
}

function isCanonical(row: Row): boolean {
  return row.outcome === 'canonical' && row.state === row.held;
}
