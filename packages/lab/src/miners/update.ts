import type { SeededRandom, TensorMap } from '@connito/protocol';

/** A new update, value by value: `change` gets each value, its tensor's name and its place. */
export function mapUpdate(
  update: TensorMap,
  change: (value: number, name: string, index: number) => number,
): TensorMap {
  return new Map(
    [...update].map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((value, i) => change(value, name, i)) },
    ]),
  );
}

export function scaled(update: TensorMap, factor: number): TensorMap {
  return mapUpdate(update, (value) => value * factor);
}

/** Σ factorₖ · updateₖ over updates of equal tensors. */
export function combined(
  parts: readonly { readonly factor: number; readonly update: TensorMap }[],
): TensorMap {
  return mapUpdate(parts[0]!.update, (_, name, i) =>
    parts.reduce((sum, { factor, update }) => sum + factor * update.get(name)!.data[i]!, 0),
  );
}

/** Gaussian noise of a part of each tensor's own root mean square. */
export function withNoise(update: TensorMap, part: number, random: SeededRandom): TensorMap {
  const sizes = new Map([...update].map(([name, { data }]) => [name, rootMeanSquare(data)]));
  return mapUpdate(update, (value, name) => value + part * sizes.get(name)! * random.nextGaussian());
}

export function rootMeanSquare(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! * values[i]!;
  return Math.sqrt(squares / Math.max(1, values.length));
}

/** Mean and standard deviation of each value over updates, as two updates. */
export function spreadOf(updates: readonly TensorMap[]): {
  readonly mean: TensorMap;
  readonly deviation: TensorMap;
} {
  const mean = combined(updates.map((update) => ({ factor: 1 / updates.length, update })));
  const deviation = mapUpdate(mean, (centre, name, i) =>
    Math.sqrt(
      updates.reduce((sum, update) => sum + (update.get(name)!.data[i]! - centre) ** 2, 0) / updates.length,
    ),
  );
  return { mean, deviation };
}

/** The update of some hidden neurons of each expert, and nothing else: rows of gate and up, columns of down. */
export function neuronsOnly(update: TensorMap, isKept: (neuron: number) => boolean): TensorMap {
  return mapUpdate(update, (value, name, i) => {
    const columns = update.get(name)!.shape[1]!;
    const neuron = name.includes('down_proj') ? i % columns : Math.floor(i / columns);
    return isKept(neuron) ? value : 0;
  });
}
