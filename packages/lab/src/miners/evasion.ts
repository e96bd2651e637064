import {
  type ExpertGroup,
  expertsOf,
  expertTensorName,
  type SeededRandom,
  type Tensor,
  type TensorMap,
} from '@connito/protocol';
import { combined, mapUpdate, rootMeanSquare, scaled, withNoise } from './update.ts';

/** What a copier has at hand: the update it copies, another one, and the parameters both apply to. */
export type Copied = {
  readonly update: TensorMap;
  /** Some other update of the same round; the same one where there is none. */
  readonly other: TensorMap;
  readonly base: TensorMap;
  readonly group: ExpertGroup;
  readonly random: SeededRandom;
};

/** How a copy is disguised. */
export type Evasion = (copied: Copied) => TensorMap;

export const exact: Evasion = ({ update }) => update;

/** Enough to change every byte, little enough to keep the gain. */
export const noisy: Evasion = ({ update, random }) => withNoise(update, 0.2, random);

export const halved: Evasion = ({ update }) => scaled(update, 0.5);

export const mixed: Evasion = ({ update, other }) =>
  combined([
    { factor: 0.7, update },
    { factor: 0.3, update: other },
  ]);

/** Rounded to 15 levels a tensor, four times coarser than int8 blocks would. */
export const requantised: Evasion = ({ update }) => {
  const steps = new Map([...update].map(([name, { data }]) => [name, rootMeanSquare(data) / 2]));
  return mapUpdate(update, (value, name) => {
    const step = steps.get(name)!;
    return step === 0 ? 0 : Math.max(-7, Math.min(7, Math.round(value / step))) * step;
  });
};

/** Hidden neurons in another order: another delta for exactly the same function. */
export const permuted: Evasion = (copied) =>
  rewritten(copied, (gate, up, down, random) => {
    const neurons = gate.shape[0]!;
    const order = random.shuffle(Uint32Array.from({ length: neurons }, (_, i) => i));
    return [rowsInOrder(gate, order), rowsInOrder(up, order), columnsInOrder(down, order)];
  });

/** Up-projections doubled, down-projections halved: the function stays. */
export const rescaled: Evasion = (copied) =>
  rewritten(copied, (gate, up, down) => [
    gate,
    { ...up, data: up.data.map((value) => value * 2) },
    { ...down, data: down.data.map((value) => value / 2) },
  ]);

type Rewrite = (gate: Tensor, up: Tensor, down: Tensor, random: SeededRandom) => [Tensor, Tensor, Tensor];

/** Rewrites each trained expert into an equivalent one and returns the delta that leads there. */
function rewritten({ update, base, group, random }: Copied, rewrite: Rewrite): TensorMap {
  const delta = new Map<string, Tensor>();
  for (const { layer, expert } of expertsOf(group)) {
    const names = (['gate_proj', 'up_proj', 'down_proj'] as const).map((projection) =>
      expertTensorName(layer, expert, projection),
    );
    const trained = names.map((name): Tensor => {
      const { shape, data } = base.get(name)!;
      return { shape, data: data.map((value, i) => value + update.get(name)!.data[i]!) };
    });
    const after = rewrite(trained[0]!, trained[1]!, trained[2]!, random);
    names.forEach((name, k) => {
      const { shape, data } = after[k]!;
      delta.set(name, { shape, data: data.map((value, i) => value - base.get(name)!.data[i]!) });
    });
  }
  return delta;
}

function rowsInOrder({ shape, data }: Tensor, order: Uint32Array): Tensor {
  const columns = shape[1]!;
  const moved = new Float32Array(data.length);
  for (const [to, from] of order.entries()) {
    moved.set(data.subarray(from * columns, (from + 1) * columns), to * columns);
  }
  return { shape, data: moved };
}

function columnsInOrder({ shape, data }: Tensor, order: Uint32Array): Tensor {
  const columns = shape[1]!;
  return { shape, data: data.map((_, i) => data[i - (i % columns) + order[i % columns]!]!) };
}
