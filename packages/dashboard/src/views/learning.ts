import type { LearningAnswer } from '../api/schemas/learning.ts';
import { isTrained, type Row, rowsOf, type ViewSource } from './source.ts';

/** Points of each domain at most: more than a screen has columns for. */
export const MAX_POINTS = 400;

export type LearningQuery = {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly points?: number | undefined;
};

/** Losses of the measured states, thinned out to `points` by leaving rounds out, never by averaging. */
export function learningView(source: ViewSource, query: LearningQuery): LearningAnswer {
  const next = source.archive.nextRound;
  const from = query.from ?? 0;
  const to = Math.max(from, Math.min(query.to ?? next, next));
  const every = Math.max(1, Math.ceil((to - from + 1) / (query.points ?? MAX_POINTS)));
  // Counted back from the newest, so that it is always there; the base model too, as what all is compared with.
  const losses = rowsOf(
    source,
    'SELECT loss.*, gain, gain_low, gain_high, sub_gain, gap, gap_low, gap_high FROM loss LEFT JOIN step USING (before_round, domain) WHERE before_round BETWEEN ? AND ? AND ((? - before_round) % ? = 0 OR before_round = 0) ORDER BY before_round',
    from,
    to,
    to,
    every,
  );
  const byDomain = Map.groupBy(losses, (row) => String(row.domain));
  return {
    from,
    to,
    every,
    domains: [...byDomain].map(([domain, rows]) => ({
      domain,
      trained: isTrained(source, domain),
      points: rows.map((row) => ({
        round: Number(row.before_round),
        loss: Number(row.loss),
        bitsPerByte: row.bits_per_byte === null ? null : Number(row.bits_per_byte),
        fall: Number(row.fall),
        low: Number(row.fall_low),
        high: Number(row.fall_high),
        step: row.gain === null ? null : stepOf(row),
      })),
    })),
    merges: rowsOf(
      source,
      'SELECT round, outcome, groups FROM round WHERE round BETWEEN ? AND ? AND (? - round) % ? = 0 ORDER BY round',
      from,
      to,
      to,
      every,
    ).map((row) => ({
      round: Number(row.round),
      outcome: row.outcome as 'canonical' | 'void',
      groups: JSON.parse(String(row.groups)),
    })),
  };
}

/** What a round gave, from a row of the table `step`. */
export function stepOf(row: Row): NonNullable<LearningAnswer['domains'][number]['points'][number]['step']> {
  return {
    gain: Number(row.gain),
    low: Number(row.gain_low),
    high: Number(row.gain_high),
    subModel:
      row.gap === null
        ? null
        : {
            gain: Number(row.sub_gain),
            gap: Number(row.gap),
            low: Number(row.gap_low),
            high: Number(row.gap_high),
          },
  };
}
