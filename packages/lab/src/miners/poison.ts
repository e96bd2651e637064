import type { SeededRandom, TensorMap } from '@connito/protocol';
import { combined, mapUpdate, rootMeanSquare, scaled, spreadOf } from './update.ts';

/** What a poisoner knows: honest work of its own, that of all colluders (its own included), and a generator. */
export type PoisonInput = {
  readonly own: TensorMap;
  readonly colluders: readonly TensorMap[];
  readonly random: SeededRandom;
};

/** A hostile update made from honest ones, all local − global. The same in live networks and in replays. */
export type Poison = (input: PoisonInput) => TensorMap;

/** Gradient ascent: what honest work would have done, undone. */
export const signFlip: Poison = ({ own }) => scaled(own, -1);

/** Honest work times a thousand: without clipping it decides the merge alone. */
export const hugeNorm: Poison = ({ own }) => scaled(own, 1000);

/** Noise of the honest norm: no training at all. */
export const pureNoise: Poison = ({ own, random }) => {
  const sizes = new Map([...own].map(([name, { data }]) => [name, rootMeanSquare(data)]));
  return mapUpdate(own, (_, name) => sizes.get(name)! * random.nextGaussian());
};

/**
 * A little is enough (Baruch et al. 2019): the colluders' mean moved by a multiple of its standard deviation, value by value,
 * small enough to stand among honest updates.
 */
export function alie(z = 1): Poison {
  return ({ colluders }) => {
    const { mean, deviation } = spreadOf(colluders);
    return combined([
      { factor: 1, update: mean },
      { factor: -z, update: deviation },
    ]);
  };
}

/** Inner-product manipulation (Xie et al. 2019): a little of the mean's negative, so that the merge turns around. */
export function innerProduct(epsilon = 0.5): Poison {
  return ({ colluders }) => scaled(spreadOf(colluders).mean, -epsilon);
}

/**
 * Honest work with a fixed direction mixed in, always the same: small enough to be paid, and summed up over rounds. The
 * direction is the same for all colluders.
 */
export function smallBias(part = 0.3): Poison {
  return ({ own }) => {
    const sizes = new Map([...own].map(([name, { data }]) => [name, rootMeanSquare(data)]));
    return mapUpdate(own, (value, name, i) => value + part * sizes.get(name)! * fixedSign(name, i));
  };
}

/** ±1, the same for a value in every round and for everybody. */
function fixedSign(name: string, index: number): number {
  let hash = 2166136261 ^ index;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 2246822519);
  return (hash >>> 13) & 1 ? 1 : -1;
}
