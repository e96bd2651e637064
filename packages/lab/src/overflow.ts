import { honestStrategy, type MinerStrategy } from '@connito/miner';

/** Finite as a value and after decoding, but the product of two such activations is not. */
const HUGE = 1e20;

/**
 * Trains honestly, then makes one hidden neuron of each expert so large that it overflows where it fires: hard batches then
 * have a loss that is not finite, which a careless mean would skip.
 */
export function overflow(): MinerStrategy {
  return {
    name: 'overflow',
    async work(task, signal) {
      const work = await honestStrategy.work(task, signal);
      if (work === null) return null;
      const delta = new Map<string, { shape: readonly number[]; data: Float32Array }>();
      for (const [name, { shape, data }] of work.delta) {
        const crafted = data.slice();
        const [rows, columns] = shape as readonly [number, number];
        // The first neuron is a row of gate and up, a column of down.
        if (name.includes('down_proj')) for (let row = 0; row < rows; row++) crafted[row * columns] = HUGE;
        else crafted.fill(HUGE, 0, columns);
        delta.set(name, { shape, data: crafted });
      }
      return { ...work, delta };
    },
  };
}
