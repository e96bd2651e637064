import { honestStrategy, type MinerStrategy, type MinerTask } from '@connito/miner';
import type { TensorMap } from '@connito/protocol';
import { pick, stateParameters } from '@connito/run';
import { mapUpdate } from './update.ts';

/** Finite as a value and after decoding, but the product of two such activations is not. */
const HUGE = 1e20;
/** The largest float32 but for room to add a parameter. */
const ALMOST_MAX = 3e38;
/** Neurons tried in search of one that fires rarely, and sequences they are tried on. */
const TRIED_NEURONS = 6;
const TRIED_SEQUENCES = 16;

/**
 * Trains honestly, then makes one hidden neuron of each expert so large that it overflows where it fires: batches then have a
 * loss that is not finite, which a careless mean would skip.
 */
export function overflow(): MinerStrategy {
  return craftedAfterTraining('overflow', async (delta) => crafted(delta, 0, HUGE, HUGE));
}

/** The same, but with the neuron that breaks the fewest sequences of the held-out pool: only the hardest should drop out. */
export function overflowRarely(): MinerStrategy {
  return craftedAfterTraining('overflow-rarely', async (delta, task) => {
    const { groups } = task.context.definition;
    const pool = await task.sources.pool(groups.find(({ id }) => id === task.group)!.heldOutSource);
    const tried = pick(
      pool,
      Array.from({ length: Math.min(TRIED_SEQUENCES, pool.count) }, (_, row) => row),
    );
    let rarest = { broken: Number.POSITIVE_INFINITY, update: delta };
    const parameters = stateParameters(task.state);
    for (let neuron = 0; neuron < TRIED_NEURONS; neuron++) {
      const update = crafted(delta, neuron, HUGE, 0);
      await task.model.setState(
        mapUpdate(parameters, (value, name, i) => value + (update.get(name)?.data[i] ?? 0)),
      );
      const broken = (await task.model.measure(tried)).filter((loss) => !Number.isFinite(loss)).length;
      if (broken > 0 && broken < rarest.broken) rarest = { broken, update };
    }
    await task.model.setState(parameters);
    return rarest.update;
  });
}

/** Breaks every sequence: all outputs of all experts overflow. */
export function overflowEverywhere(): MinerStrategy {
  return craftedAfterTraining('overflow-everywhere', async (delta) => mapUpdate(delta, () => HUGE));
}

/** Values almost too large for float32 behind a neuron whose input weights are cancelled, in the hope that it never fires. */
export function deadNeuron(): MinerStrategy {
  return craftedAfterTraining('dead-neuron', async (delta, task) => {
    const { parameters } = task.state.groups.get(task.group)!;
    return mapUpdate(delta, (value, name, i) => {
      const { shape, data } = parameters.get(name)!;
      const columns = shape[1]!;
      if (name.includes('down_proj')) return i % columns === 0 ? ALMOST_MAX : value;
      return i < columns ? -data[i]! : value;
    });
  });
}

function craftedAfterTraining(
  name: string,
  craft: (delta: TensorMap, task: MinerTask) => Promise<TensorMap>,
): MinerStrategy {
  return {
    name,
    async work(task, signal) {
      const work = await honestStrategy.work(task, signal);
      return work && { ...work, delta: await craft(work.delta, task) };
    },
  };
}

/** One neuron is a row of gate and up and a column of down. */
function crafted(delta: TensorMap, neuron: number, input: number, output: number): TensorMap {
  return mapUpdate(delta, (value, name, i) => {
    const columns = delta.get(name)!.shape[1]!;
    if (name.includes('down_proj')) return output !== 0 && i % columns === neuron ? output : value;
    return Math.floor(i / columns) === neuron ? input : value;
  });
}
