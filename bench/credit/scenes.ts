import { combined, mapUpdate, scaled } from '@connito/lab';
import type { TensorMap } from '@connito/protocol';
import type { TrainedRound } from '../copy-detection/trainings.ts';

/** One update of a scene, and whose it is: parties with several keys are added up. */
export type Entry = { readonly party: string; readonly delta: TensorMap };

export type Scene = {
  readonly name: string;
  /** The party that the scene is about. */
  readonly about: string;
  readonly entries: (rounds: {
    readonly now: TrainedRound;
    readonly before: TrainedRound;
  }) => readonly Entry[];
};

/** Who could be in one group of one round, made from real updates: four honest miners, and somebody else. */
export const SCENES: readonly Scene[] = [
  { name: 'four honest miners', about: 'miner 0', entries: ({ now }) => honest(now) },
  {
    name: 'one who trained on the share of miner 0, on other sequences',
    about: 'newcomer',
    entries: ({ now }) => [
      ...honest(now),
      { party: 'newcomer', delta: now.variants.get('other sequences of the same share')! },
    ],
  },
  {
    name: 'one with the same idea as miner 0: the same sequences in another order',
    about: 'newcomer',
    entries: ({ now }) => [
      ...honest(now),
      { party: 'newcomer', delta: now.variants.get('batches in reverse')! },
    ],
  },
  {
    name: 'miner 0 twice, if nobody noticed',
    about: 'twin',
    entries: ({ now }) => [...honest(now), { party: 'twin', delta: now.honest[0]! }],
  },
  {
    name: 'a tenth of an honest update, by one who trained little',
    about: 'idler',
    entries: ({ now }) => [
      ...honest(now),
      { party: 'idler', delta: scaled(now.variants.get('other sequences of the same share')!, 0.1) },
    ],
  },
  {
    name: "last round's mean again, if nobody noticed",
    about: 'free rider',
    entries: ({ now, before }) => [...honest(now), { party: 'free rider', delta: meanOf(before.honest) }],
  },
  {
    name: 'miner 0 sends each layer under a key of its own',
    about: 'miner 0',
    entries: ({ now }) => [
      ...layersOf(now.honest[0]!).map((delta) => ({ party: 'miner 0', delta })),
      ...honest(now).slice(1),
    ],
  },
  {
    name: 'miner 0 sends half of its update under each of two keys, if nobody noticed',
    about: 'miner 0',
    entries: ({ now }) => [
      { party: 'miner 0', delta: scaled(now.honest[0]!, 0.5) },
      { party: 'miner 0', delta: scaled(now.honest[0]!, 0.5) },
      ...honest(now).slice(1),
    ],
  },
];

function honest({ honest: updates }: TrainedRound): Entry[] {
  return updates.map((delta, i) => ({ party: `miner ${i}`, delta }));
}

function meanOf(updates: readonly TensorMap[]): TensorMap {
  return combined(updates.map((update) => ({ factor: 1 / updates.length, update })));
}

/** An update for each layer, which leaves the others alone. */
function layersOf(update: TensorMap): TensorMap[] {
  const layerOf = (name: string): string => /layers\.\d+\./.exec(name)![0];
  const layers = new Set([...update.keys()].map(layerOf));
  return [...layers].map((layer) =>
    mapUpdate(update, (value, name) => (layerOf(name) === layer ? value : 0)),
  );
}
