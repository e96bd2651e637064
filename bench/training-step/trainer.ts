import { type AdamWState, adamWState, adamWStep, floats, type Tensor, tensor } from '@connito/engine';
import { type Dump, expertNames, layerPrefix } from './dump.ts';

/** One way of computing the training step. */
export interface Trainer {
  /** Trains one step and returns the mean loss before it, in nats. */
  step(): Promise<number>;
}

/** Full names of the trained tensors. */
export function trainedNames({ shape }: Dump): string[] {
  const names = expertNames(shape.trainedExperts);
  return Array.from({ length: shape.layers }, (_, layer) =>
    names.map((name) => layerPrefix(layer) + name),
  ).flat();
}

/** The trained tensors with their gradients' memory and AdamW's moments, stepped by the engine's optimiser. */
export class TrainedTensors {
  readonly values = new Map<string, Tensor>();
  readonly gradients = new Map<string, Tensor>();
  readonly #states = new Map<string, AdamWState>();
  readonly #dump: Dump;
  #steps = 0;

  constructor(dump: Dump) {
    this.#dump = dump;
    for (const name of trainedNames(dump)) {
      const initial = dump.weights.get(name)!;
      const size = initial.data.length;
      this.values.set(name, tensor(floats(initial).slice(), initial.shape));
      this.gradients.set(name, tensor(new Float32Array(size), initial.shape));
      this.#states.set(name, adamWState(size));
    }
  }

  update(): void {
    this.#steps += 1;
    for (const [name, state] of this.#states) {
      const gradient = floats(this.gradients.get(name)!);
      adamWStep(floats(this.values.get(name)!), gradient, state, this.#steps, this.#dump.adamw);
    }
  }
}
