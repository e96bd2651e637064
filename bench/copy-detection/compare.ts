import {
  type ComparedWork,
  createSketcher,
  EarlierWorks,
  type ExpertGroup,
  type Hotkey,
  type RunDefinition,
  SeededRandom,
  type TensorMap,
  taggedHash,
  type UpdateSketch,
  utf8,
} from '@connito/protocol';
import type { AtHand, Disguise } from './disguises.ts';
import type { TrainedRound } from './trainings.ts';

export const STATISTICS = ['weights', 'responses', 'partial excess'] as const;
export type Statistic = (typeof STATISTICS)[number];

/** One work, and the largest of each similarity over all works that it is compared with. */
export type Compared = {
  readonly series: number;
  readonly domain: string;
  readonly round: number;
  /** Honest miners of the group. */
  readonly miners: number;
  /** `honest`, or what the copy is. */
  readonly kind: string;
  /** Round of what is copied: the one before, or the same one (an operator's own other key). Null for honest work. */
  readonly from: 'before' | 'same' | null;
  /** Works compared with. */
  readonly works: number;
  /** In the order of `STATISTICS`. */
  readonly largest: readonly number[];
};

/** One group's rounds of one series, the states they were trained from, and what a copier could use. */
export type GroupHistory = {
  readonly series: number;
  readonly group: ExpertGroup;
  readonly definition: RunDefinition;
  readonly rounds: readonly (TrainedRound & { readonly base: TensorMap })[];
  readonly noise: TensorMap;
};

/**
 * Compares the works of one round as a validator does: sketched from the round's state with the round's own seed, in order of
 * commitment, with all works of the last rounds and all earlier ones of this round. Honest orders are all rotations, so that
 * each miner is first once and last once. A copy of past work comes once before and once after the honest ones.
 */
export function compareRound(
  history: GroupHistory,
  round: number,
  minersOfGroup: readonly (readonly number[])[],
  disguises: readonly Disguise[],
): Compared[] {
  const { series, group, definition, rounds } = history;
  const { variants, base } = rounds[round]!;
  const seed = taggedHash('connito/1/bench-copies', utf8(`${series}/${round}`));
  const { architecture } = definition.baseModel;
  const sketch = createSketcher(group, architecture, base, seed, definition.duplicates);
  const { lookbackRounds } = definition.duplicates;
  const sketches = new Map<number, readonly UpdateSketch[]>();
  for (let r = Math.max(0, round - lookbackRounds); r <= round; r++) {
    sketches.set(
      r,
      rounds[r]!.honest.map((delta) => sketch(delta)),
    );
  }
  const copies = [...disguises.flatMap((disguise) => disguised(history, round, disguise, seed))].map(
    ({ delta, ...what }) => ({ ...what, sketch: sketch(delta) }),
  );
  const sybils = [...variants].map(([kind, delta]) => ({
    kind,
    from: 'same' as const,
    sketch: sketch(delta),
  }));

  const compared: Compared[] = [];
  for (const miners of minersOfGroup) {
    const past = [...sketches].filter(([r]) => r < round);
    const before = (own: readonly number[]): EarlierWorks => {
      const works = new EarlierWorks();
      for (const [r, all] of past) for (const miner of miners) works.add(work(all[miner]!, miner, r), null);
      for (const miner of own) works.add(work(sketches.get(round)![miner]!, miner, round), null);
      return works;
    };
    const add = (works: EarlierWorks, own: UpdateSketch, what: Pick<Compared, 'kind' | 'from'>): void => {
      const all = works.compare(work(own, -1, round));
      if (all.length === 0) return;
      const largest = [
        Math.max(...all.map(({ weightCosine }) => weightCosine)),
        Math.max(...all.map(({ responseCosine }) => responseCosine)),
        Math.max(...all.map(({ partialExcess }) => partialExcess)),
      ].map((value) => Math.round(value * 1e4) / 1e4);
      const scene = { series, domain: group.domain, round, miners: miners.length };
      compared.push({ ...scene, ...what, works: all.length, largest });
    };
    for (let turn = 0; turn < miners.length; turn++) {
      const order = [...miners.slice(turn), ...miners.slice(0, turn)];
      const last = order.at(-1)!;
      add(before(order.slice(0, -1)), sketches.get(round)![last]!, { kind: 'honest', from: null });
      const works = before([]);
      for (const miner of order.slice(0, -1)) {
        const own = sketches.get(round)![miner]!;
        add(works, own, { kind: 'honest', from: null });
        works.add(work(own, miner, round), null);
      }
    }
    if (miners[0] !== 0 || round === 0) continue;
    const first = { before: before([]), same: before([0]) };
    const after = before(miners);
    for (const { sketch: own, ...what } of [...copies, ...sybils]) {
      add(what.from === 'same' ? first.same : first.before, own, what);
      add(after, own, what);
    }
  }
  return compared;
}

function work(sketch: UpdateSketch, miner: number, round: number): ComparedWork {
  return { hotkey: `${miner}` as Hotkey, round, sketch, fingerprint: null };
}

/** The copies that a disguise makes of miner 0's work: of the round before, and of the same round. */
export function disguised(
  { rounds, group, noise }: GroupHistory,
  round: number,
  { name, make, isOfPastOnly }: Disguise,
  seed: Uint8Array,
): { readonly kind: string; readonly from: 'before' | 'same'; readonly delta: TensorMap }[] {
  const { base, honest } = rounds[round]!;
  const atHand = (of: TrainedRound, lastStep: TensorMap | null): AtHand => ({
    ...{ update: of.honest[0]!, other: of.honest[1]!, peers: of.honest, base, group, noise, lastStep },
    own: honest.at(-1)!,
    random: new SeededRandom(taggedHash('connito/1/bench-copies', seed, utf8(name))),
  });
  const before = rounds[round - 1]!;
  const copies = [
    { kind: name, from: 'before' as const, delta: make(atHand(before, difference(base, before.base))) },
  ];
  if (isOfPastOnly) return copies;
  return [...copies, { kind: name, from: 'same', delta: make(atHand(rounds[round]!, null)) }];
}

function difference(a: TensorMap, b: TensorMap): TensorMap {
  return new Map(
    [...a].map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((value, i) => value - b.get(name)!.data[i]!) },
    ]),
  );
}
