import { expertsOf } from '@connito/protocol';
import type { ExpertsAnswer } from '../api/schemas/experts.ts';
import { dashboardError } from '../errors.ts';
import { isTrained, nameOf, rowsOf, type ViewSource } from './source.ts';

/** Routing load and drift of a measured state, the newest unless one is asked for. */
export function expertsView(source: ViewSource, round?: number): ExpertsAnswer {
  const { definition } = source.context;
  const { numHiddenLayers, numExperts } = definition.baseModel.architecture;
  const owners = definition.groups.flatMap((group) =>
    expertsOf(group).map((place) => ({ group: group.id, domain: group.domain, ...place })),
  );
  const [newest] = rowsOf(source, 'SELECT max(before_round) AS round FROM measurement');
  const shown = round ?? (newest?.round == null ? null : Number(newest.round));
  const updates = updatesBefore(source, shown ?? source.archive.nextRound);
  const empty = { layers: numHiddenLayers, experts: numExperts, owners };
  if (shown === null)
    return { round: null, state: null, ...empty, domains: [], overlap: [], drifts: [], updates };
  const after = source.archive.measurement(shown);
  const base = source.archive.measurement(0);
  if (after === null || base === null) {
    throw dashboardError('not_found', `The state before round ${shown} was not measured.`, { round: shown });
  }
  const domains = after.domains.map(({ domain, load }) => ({
    domain,
    trained: isTrained(source, domain),
    before: mutable(base.domains.find((candidate) => candidate.domain === domain)?.load ?? null),
    after: mutable(load),
  }));
  const overlap = domains.flatMap(({ domain: a, after: loadA }, i) =>
    domains
      .slice(i + 1)
      .flatMap(({ domain: b, after: loadB }) =>
        loadA === null || loadB === null ? [] : [{ a, b, share: commonLoad(loadA, loadB) }],
      ),
  );
  return {
    round: shown,
    state: after.state,
    ...empty,
    domains,
    overlap,
    drifts: [...after.experts],
    updates,
  };
}

/** Norms of the updates of the newest round before a state, with what became of them. */
function updatesBefore(source: ViewSource, before: number): ExpertsAnswer['updates'] {
  const norms = source.archive.updateNormsBefore(before);
  if (norms === null) return null;
  const { round, opened, updates } = norms;
  const became = new Map(
    rowsOf(
      source,
      'SELECT h.hotkey, m.score, m.weight FROM miner_round m JOIN hotkey h ON h.id = m.miner WHERE m.round = ?',
      round,
    ).map((row) => [String(row.hotkey), row]),
  );
  const rows = updates.map(({ experts, ...update }) => {
    const row = became.get(update.hotkey);
    return {
      ...update,
      name: nameOf(source, update.hotkey),
      scoreNanoNats: row?.score == null ? null : Number(row.score),
      mergeWeight: Number(row?.weight ?? 0),
      experts: experts.map((expert) => ({ ...expert })),
    };
  });
  return { round, opened, rows };
}

/** Mean over layers of what both loads share: 1 for equal loads, 0 where no expert serves both. */
export function commonLoad(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  const layers = a.map((row, layer) =>
    row.reduce((sum, share, expert) => sum + Math.min(share, b[layer]?.[expert] ?? 0), 0),
  );
  return layers.reduce((sum, value) => sum + value, 0) / layers.length;
}

function mutable(load: readonly (readonly number[])[] | null): number[][] | null {
  return load === null ? null : load.map((row) => [...row]);
}
