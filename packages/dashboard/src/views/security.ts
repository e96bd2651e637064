import { checkOf, checkResults, type Reason } from '@connito/protocol';
import type { SecurityAnswer } from '../api/schemas/security.ts';
import { nameOf, rowsOf, type ViewSource } from './source.ts';

export type SecurityQuery = {
  /** The last so many rounds. */
  readonly rounds: number;
  readonly before?: number | undefined;
  readonly limit: number;
  readonly reason?: Reason | undefined;
};

const CHECKS = checkResults(null).map(({ check }) => check);

/** What was rejected in the last rounds, by which check; the events newest first. */
export function securityView(source: ViewSource, query: SecurityQuery): SecurityAnswer {
  const to = Math.max(0, source.archive.nextRound - 1);
  const from = Math.max(0, to - query.rounds + 1);
  const counts = rowsOf(
    source,
    'SELECT reason, count(*) AS count FROM miner_round WHERE reason IS NOT NULL AND round BETWEEN ? AND ? GROUP BY reason',
    from,
    to,
  ).map((row) => ({ reason: row.reason as Reason, count: Number(row.count) }));
  const [places] = rowsOf(
    source,
    'SELECT sum(miners) AS count FROM round WHERE round BETWEEN ? AND ?',
    from,
    to,
  );
  const rejections = Object.groupBy(counts, ({ reason }) => checkOf(reason) ?? '');
  const { events, before } = eventsOf(source, query, from);
  return {
    from,
    to,
    submissions: Number(places?.count ?? 0),
    checks: CHECKS.map((check) => {
      const reasons = rejections[check] ?? [];
      return { check, rejected: reasons.reduce((sum, { count }) => sum + count, 0), reasons };
    }),
    before,
    events,
  };
}

/** Rejections of whole rounds, until there are `limit`: a page never ends within a round. */
function eventsOf(
  source: ViewSource,
  query: SecurityQuery,
  from: number,
): Pick<SecurityAnswer, 'events' | 'before'> {
  const wanted = query.reason === undefined ? 'reason IS NOT NULL' : 'reason = ?';
  const parameters = query.reason === undefined ? [] : [query.reason];
  const rounds = rowsOf(
    source,
    `SELECT round, count(*) AS count FROM miner_round WHERE ${wanted} AND round BETWEEN ? AND ? GROUP BY round ORDER BY round DESC LIMIT ?`,
    ...parameters,
    from,
    (query.before ?? Number.MAX_SAFE_INTEGER) - 1,
    query.limit,
  );
  const events: SecurityAnswer['events'] = [];
  for (const { round } of rounds) {
    if (events.length >= query.limit) return { events, before: Number(round) + 1 };
    const story = source.archive.story(Number(round));
    for (const { uid, hotkey, group, reason, detail } of story?.miners ?? []) {
      const check = reason === null ? null : checkOf(reason);
      if (reason === null || check === null || (query.reason ?? reason) !== reason) continue;
      events.push({
        round: Number(round),
        uid,
        hotkey,
        name: nameOf(source, hotkey),
        group,
        reason,
        check,
        detail,
      });
    }
  }
  const last = rounds.at(-1);
  return { events, before: rounds.length === query.limit ? Number(last!.round) : null };
}
