import type { ModelConfig } from '../config.ts';
import { type ExpertSet, expertParameterNames, parameterCount, parameterShapes } from '../parameters.ts';

export type SelectionOptions = {
  /**
   * ESFT's p: experts are taken in order of their score until their shares of a layer add up to this. 1 takes every expert
   * that is used at all.
   */
  readonly share: number;
  /** At most this many experts of a layer. */
  readonly maxPerLayer: number;
  /** Layers that may train, e.g. the upper half; validators share all work below the lowest. */
  readonly layers: readonly number[];
};

/**
 * The experts a domain uses most, by layer (ESFT). `taken` experts are left out: groups of one run must be disjoint, so that
 * each parameter has one owner. Scores are `[layer][expert]`; ties go to the lower number.
 */
export function selectExperts(
  scores: readonly (readonly number[])[],
  options: SelectionOptions,
  taken: ExpertSet = new Map(),
): ExpertSet {
  const { share, maxPerLayer } = options;
  if (!(share > 0 && share <= 1)) throw new RangeError(`the share p must be in (0, 1], got ${share}`);
  const chosen = new Map<number, readonly number[]>();
  for (const layer of options.layers) {
    const row = scores[layer];
    if (row === undefined)
      throw new RangeError(`the model has layers 0 to ${scores.length - 1}, not ${layer}`);
    const free = row.map((score, expert) => ({ score, expert }));
    const blocked = new Set(taken.get(layer));
    const order = free
      .filter(({ score, expert }) => score > 0 && !blocked.has(expert))
      .sort((a, b) => b.score - a.score || a.expert - b.expert);
    const picked: number[] = [];
    let covered = 0;
    for (const { score, expert } of order) {
      if (covered >= share || picked.length >= maxPerLayer) break;
      picked.push(expert);
      covered += score;
    }
    if (picked.length > 0)
      chosen.set(
        layer,
        picked.sort((a, b) => a - b),
      );
  }
  return chosen;
}

/** Several domains' experts with no expert in two groups: domains take turns, one expert a layer at a time. */
export function selectDisjoint(
  scores: ReadonlyMap<string, readonly (readonly number[])[]>,
  options: SelectionOptions,
): Map<string, ExpertSet> {
  const chosen = new Map<string, Map<number, number[]>>();
  for (const domain of scores.keys()) chosen.set(domain, new Map());
  for (const layer of options.layers) {
    const taken = new Set<number>();
    const covered = new Map<string, number>();
    for (let turn = 0; turn < options.maxPerLayer; turn++) {
      for (const [domain, rows] of scores) {
        const soFar = covered.get(domain) ?? 0;
        if (soFar >= options.share) continue;
        const left = new Map([[layer, [...taken]]]);
        const next = selectExperts(rows, { share: 1, maxPerLayer: 1, layers: [layer] }, left).get(layer)?.[0];
        if (next === undefined) continue;
        taken.add(next);
        covered.set(domain, soFar + rows[layer]![next]!);
        const own = chosen.get(domain)!;
        own.set(
          layer,
          [...(own.get(layer) ?? []), next].sort((a, b) => a - b),
        );
      }
    }
  }
  return chosen;
}

/** How much of the model a set of experts trains. */
export type TrainedShare = {
  readonly trained: number;
  readonly total: number;
  /** Of all parameters. */
  readonly share: number;
  /** Number of (layer, expert) pairs. */
  readonly experts: number;
};

export function trainedShare(config: ModelConfig, experts: ExpertSet): TrainedShare {
  const shapes = parameterShapes(config);
  let trained = 0;
  for (const name of expertParameterNames(experts)) trained += shapes.get(name)!.reduce((a, b) => a * b, 1);
  const total = parameterCount(config);
  const count = [...experts.values()].reduce((sum, list) => sum + list.length, 0);
  return { trained, total, share: trained / total, experts: count };
}
