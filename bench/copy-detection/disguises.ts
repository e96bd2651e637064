import {
  type Copied,
  combined,
  type Evasion,
  exact,
  halved,
  mapUpdate,
  mixed,
  permuted,
  requantised,
  rescaled,
  rootMeanSquare,
} from '@connito/lab';
import { SeededRandom, type TensorMap, taggedHash, utf8 } from '@connito/protocol';

/** What a copier has at hand. */
export type AtHand = Copied & {
  /** All updates of the copied one's round, itself first. */
  readonly peers: readonly TensorMap[];
  /** Independent normal values of unit variance. */
  readonly noise: TensorMap;
  /** Work of its own: what an honest miner trained from the same state. */
  readonly own: TensorMap;
  /** What the round that is copied from changed in the parameters; null where the copy is made within the round. */
  readonly lastStep: TensorMap | null;
};

export type Disguise = {
  readonly name: string;
  readonly make: (atHand: AtHand) => TensorMap;
  /** Whether it needs a round to have ended. */
  readonly isOfPastOnly?: boolean;
};

const NOISE_SIZES = [0.25, 0.5, 0.75, 1, 1.5, 2, 3];

/** Evasions that need no training, but for the two that mix with own work. */
export const DISGUISES: readonly Disguise[] = [
  { name: 'exact copy', make: exact },
  ...NOISE_SIZES.map((size) => ({
    name: `noise of ${size} times its size`,
    make: (atHand: AtHand) => withStoredNoise(atHand, atHand.update, size),
  })),
  { name: 'half its size', make: halved },
  { name: 'one layer times 4', make: oneLayerBlownUp },
  { name: '70 % of it, 30 % of another copy', make: mixed },
  { name: 'mean of its round', make: ({ peers }) => meanOf(peers) },
  {
    name: 'mean of its round, noise of 0.5',
    make: (atHand) => withStoredNoise(atHand, meanOf(atHand.peers), 0.5),
  },
  { name: 'half of it, half own work', make: ({ update, own }) => meanOf([update, own]) },
  {
    name: 'a quarter of it, three quarters own work',
    make: ({ update, own }) =>
      combined([
        { factor: 0.25, update },
        { factor: 0.75, update: own },
      ]),
  },
  { name: 'quantised to 15 levels', make: requantised },
  { name: 'neurons permuted', make: permuted },
  { name: 'up and down rescaled', make: rescaled },
  { name: 'permuted and rescaled', make: rewritten },
  {
    name: 'permuted and rescaled, noise of 0.5',
    make: (atHand) => rewritten({ ...atHand, update: withStoredNoise(atHand, atHand.update, 0.5) }),
  },
  {
    name: 'permuted and rescaled, noise of 1',
    make: (atHand) => rewritten({ ...atHand, update: withStoredNoise(atHand, atHand.update, 1) }),
  },
  {
    name: 're-based: the old result, from the new state',
    isOfPastOnly: true,
    make: ({ update, lastStep }) =>
      combined([
        { factor: 1, update },
        { factor: -1, update: lastStep! },
      ]),
  },
];

/** Unit noise for tensors like these, the same for each label. */
export function noiseLike(update: TensorMap, label: string): TensorMap {
  const random = new SeededRandom(taggedHash('connito/1/bench-copy-noise', utf8(label)));
  return mapUpdate(update, () => random.nextGaussian());
}

function withStoredNoise({ noise }: AtHand, update: TensorMap, size: number): TensorMap {
  const sizes = new Map([...update].map(([name, { data }]) => [name, size * rootMeanSquare(data)]));
  return mapUpdate(update, (value, name, i) => value + sizes.get(name)! * noise.get(name)!.data[i]!);
}

function rewritten(copied: Copied): TensorMap {
  const evade: Evasion = (of) => rescaled({ ...of, update: permuted(of) });
  return evade(copied);
}

function oneLayerBlownUp({ update }: Copied): TensorMap {
  const [first = ''] = update.keys();
  const layer = /layers\.(\d+)\./.exec(first)![0];
  return mapUpdate(update, (value, name) => (name.includes(layer) ? 4 * value : value));
}

function meanOf(updates: readonly TensorMap[]): TensorMap {
  return combined(updates.map((update) => ({ factor: 1 / updates.length, update })));
}
