import type { MinerHistory, MinerRow, MinersAnswer } from '../api/schemas/miners.ts';
import { dashboardError } from '../errors.ts';
import type { MinerStory, RoundStory } from '../story/round-story.ts';
import { nameOf, type Row, rowsOf, type ViewSource } from './source.ts';

/** Rounds in the small chart beside each miner. */
const RECENT_ROUNDS = 24;

export const MINER_SORTS = ['rank', 'uid', 'incentive', 'marginal', 'bytes'] as const;
export type MinerSort = (typeof MINER_SORTS)[number];

export type MinersQuery = {
  readonly round?: number | undefined;
  readonly offset: number;
  readonly limit: number;
  readonly sort: MinerSort;
  readonly domain?: string | undefined;
  /** Part of a hotkey or name, or a whole uid. */
  readonly search?: string | undefined;
  /** Comes first whatever the order is. */
  readonly pin?: string | undefined;
};

/** One round's miners, a page of them. */
export function minersView(source: ViewSource, query: MinersQuery): MinersAnswer {
  const round = query.round ?? source.archive.nextRound - 1;
  if (round < 0) return { round: null, outcome: null, total: 0, offset: 0, rows: [] };
  const story = storyOf(source, round);
  const ranks = ranksOf(story);
  const wanted = story.miners.filter((miner) => matches(source, miner, query));
  wanted.sort(
    (a, b) => pinned(query, b) - pinned(query, a) || compare(query.sort, ranks, a, b) || a.uid - b.uid,
  );
  const page = wanted.slice(query.offset, query.offset + query.limit);
  return {
    round,
    outcome: story.outcome,
    total: wanted.length,
    offset: query.offset,
    rows: page.map((miner): MinerRow => {
      const { outcomes, commit: _, reveal: __, creditShare: ___, ...figures } = miner;
      return {
        ...figures,
        name: nameOf(source, miner.hotkey),
        rank: ranks.get(miner.uid)!,
        statuses: outcomes.map(({ validator, kind, reason, scoreNanoNats }) => ({
          validator,
          kind,
          reason,
          scoreNanoNats,
        })),
        recent: recentScores(source, miner.hotkey, round),
      };
    }),
  };
}

export function storyOf({ archive }: ViewSource, round: number): RoundStory {
  const story = archive.story(round);
  if (story !== null) return story;
  const last = archive.nextRound - 1;
  const known = last < 0 ? 'no round has been read yet' : `rounds 0 to ${last} have been read`;
  throw dashboardError('not_found', `Round ${round} is not known: ${known}.`, { round });
}

/** Equal scores have equal ranks. */
function ranksOf({ miners }: RoundStory): Map<number, number> {
  const scores = miners.map(({ scoreNanoNats }) => scoreNanoNats ?? -1).sort((a, b) => b - a);
  return new Map(miners.map(({ uid, scoreNanoNats }) => [uid, scores.indexOf(scoreNanoNats ?? -1) + 1]));
}

function matches(source: ViewSource, miner: MinerStory, { domain, search, pin }: MinersQuery): boolean {
  if (miner.hotkey === pin) return true;
  if (domain !== undefined && miner.domain !== domain) return false;
  if (search === undefined || search === '') return true;
  const text = search.toLowerCase();
  const name = nameOf(source, miner.hotkey)?.toLowerCase() ?? '';
  if (`${miner.uid}` === text || name.includes(text)) return true;
  // Nearly every hotkey holds any digit: a number means a uid.
  return !/^\d{1,4}$/.test(text) && miner.hotkey.toLowerCase().includes(text);
}

function pinned({ pin }: MinersQuery, miner: MinerStory): number {
  return miner.hotkey === pin ? 1 : 0;
}

function compare(sort: MinerSort, ranks: ReadonlyMap<number, number>, a: MinerStory, b: MinerStory): number {
  switch (sort) {
    case 'rank':
      return ranks.get(a.uid)! - ranks.get(b.uid)!;
    case 'uid':
      return a.uid - b.uid;
    case 'incentive':
      return b.incentive - a.incentive;
    case 'marginal':
      return (b.marginalNanoNats ?? -Infinity) - (a.marginalNanoNats ?? -Infinity) || 0;
    case 'bytes':
      return b.bytesSent - a.bytesSent;
  }
}

function recentScores(source: ViewSource, hotkey: string, upTo: number): MinerRow['recent'] {
  return rowsOf(
    source,
    'SELECT round, score FROM miner_round WHERE miner = (SELECT id FROM hotkey WHERE hotkey = ?) AND round <= ? ORDER BY round DESC LIMIT ?',
    hotkey,
    upTo,
    RECENT_ROUNDS,
  )
    .map((row) => ({ round: Number(row.round), scoreNanoNats: integerOrNull(row.score) }))
    .reverse();
}

export type HistoryQuery = { readonly before?: number | undefined; readonly limit: number };

/** Everything of one miner, newest round first. */
export function minerHistoryView(source: ViewSource, hotkey: string, query: HistoryQuery): MinerHistory {
  const [identity] = rowsOf(source, 'SELECT id FROM hotkey WHERE hotkey = ?', hotkey);
  const id = Number(identity?.id ?? -1);
  const rows = rowsOf(
    source,
    'SELECT * FROM miner_round WHERE miner = ? AND round < ? ORDER BY round DESC LIMIT ?',
    id,
    query.before ?? Number.MAX_SAFE_INTEGER,
    query.limit,
  );
  const [total] = rowsOf(source, 'SELECT * FROM miner_total WHERE miner = ?', id);
  if (total === undefined) {
    throw dashboardError('not_found', 'No miner with this hotkey took part in a round that was read.');
  }
  const last = rows.at(-1);
  return {
    hotkey,
    name: nameOf(source, hotkey),
    uid: Number(rows[0]?.uid ?? 0),
    totals: {
      rounds: Number(total.rounds),
      paid: Number(total.paid),
      incentive: Number(total.incentive) / Number(total.rounds),
      bytesSent: Number(total.bytes),
      reasons: rowsOf(source, 'SELECT * FROM reason_total WHERE miner = ? ORDER BY count DESC', id).map(
        (row) => ({
          reason: row.reason as MinerHistory['totals']['reasons'][number]['reason'],
          count: Number(row.count),
          lastRound: Number(row.last_round),
        }),
      ),
      contributions: rowsOf(source, 'SELECT * FROM contribution WHERE miner = ?', id).map((row) => ({
        group: String(row.grp),
        rounds: Number(row.rounds),
        weight: Number(row.weight),
      })),
    },
    before:
      rows.length === query.limit && last !== undefined && Number(last.round) > 0 ? Number(last.round) : null,
    rows: rows.map(historyRow),
  };
}

function historyRow(row: Row): MinerHistory['rows'][number] {
  return {
    round: Number(row.round),
    uid: Number(row.uid),
    group: String(row.grp),
    scoreNanoNats: integerOrNull(row.score),
    reason: row.reason as MinerHistory['rows'][number]['reason'],
    lowerNanoNats: integerOrNull(row.lower),
    upperNanoNats: integerOrNull(row.upper),
    marginalNanoNats: integerOrNull(row.marginal),
    incentive: Number(row.incentive),
    mergeWeight: Number(row.weight),
    bytesSent: Number(row.bytes),
  };
}

function integerOrNull(value: Row[string] | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
