import type { ProvenanceAnswer, RoundAnswer, RoundsAnswer } from '../api/schemas/rounds.ts';
import { stepOf } from './learning.ts';
import { storyOf } from './miners.ts';
import { isTrained, nameOf, rowsOf, type ViewSource } from './source.ts';

export type RoundsQuery = { readonly before?: number | undefined; readonly limit: number };

/** Finished rounds, newest first. */
export function roundsView(source: ViewSource, query: RoundsQuery): RoundsAnswer {
  const rows = rowsOf(
    source,
    'SELECT round, outcome, state, agreed, first_block, last_block, started_ms, ended_ms, miners, paid, merged, groups FROM round WHERE round < ? ORDER BY round DESC LIMIT ?',
    query.before ?? Number.MAX_SAFE_INTEGER,
    query.limit,
  );
  const last = rows.at(-1);
  return {
    total: source.archive.nextRound,
    before: rows.length === query.limit && Number(last?.round) > 0 ? Number(last?.round) : null,
    rows: rows.map((row) => ({
      round: Number(row.round),
      outcome: row.outcome as 'canonical' | 'void',
      state: String(row.state),
      agreed: row.agreed === 1,
      firstBlock: Number(row.first_block),
      lastBlock: Number(row.last_block),
      endedAtMs: Number(row.ended_ms),
      seconds: (Number(row.ended_ms) - Number(row.started_ms)) / 1000,
      miners: Number(row.miners),
      paid: Number(row.paid),
      merged: Number(row.merged),
      groups: JSON.parse(String(row.groups)),
    })),
  };
}

/** One round's whole story. Fails with `not_found`. */
export function roundView(source: ViewSource, round: number): RoundAnswer {
  const story = storyOf(source, round);
  const named = [...story.miners, ...story.validators].flatMap(({ hotkey }) => {
    const name = nameOf(source, hotkey);
    return name === null ? [] : [[hotkey, name] as const];
  });
  const gains = rowsOf(source, 'SELECT * FROM step WHERE before_round = ? ORDER BY domain', round + 1).map(
    (row) => {
      const domain = String(row.domain);
      return { domain, trained: isTrained(source, domain), ...stepOf(row) };
    },
  );
  return { ...story, gains, names: Object.fromEntries(named) };
}

/** Whose updates the current state is made of. */
export function provenanceView(source: ViewSource): ProvenanceAnswer {
  const [newest] = rowsOf(source, 'SELECT round, state FROM round ORDER BY round DESC LIMIT 1');
  const rows = rowsOf(
    source,
    'SELECT c.*, h.hotkey FROM contribution c JOIN hotkey h ON h.id = c.miner ORDER BY c.weight DESC',
  );
  return {
    state: newest === undefined ? null : String(newest.state),
    round: newest === undefined ? null : Number(newest.round),
    groups: source.context.definition.groups.map(({ id, domain }) => {
      const own = rows.filter((row) => row.grp === id);
      const sum = own.reduce((total, row) => total + Number(row.weight), 0);
      return {
        group: id,
        domain,
        contributors: own.map((row) => ({
          hotkey: String(row.hotkey),
          name: nameOf(source, String(row.hotkey)),
          rounds: Number(row.rounds),
          weight: Number(row.weight),
          share: Number(row.weight) / sum,
          lastRound: Number(row.last_round),
        })),
      };
    }),
  };
}
