import { decimalNumber } from '../encoding/decimal.ts';
import type { RunDefinition } from '../run/run-definition.ts';
import type { Tensor, TensorMap } from '../tensor/tensor.ts';

type InnerParameters = RunDefinition['inner'];

/**
 * How far the inner steps take a value that each moves by its whole rate, in one direction: the rates of all steps, warm-up
 * included. AdamW moves no value by much more than its rate in a step, whatever the gradients are.
 */
export function longestTravel(
  inner: Pick<InnerParameters, 'steps' | 'learningRate' | 'warmupSteps'>,
): number {
  const { steps, warmupSteps } = inner;
  let rates = 0;
  for (let step = 1; step <= steps; step++) rates += Math.min(1, step / Math.max(1, warmupSteps));
  return rates * decimalNumber(inner.learningRate);
}

/** Root mean square of a tensor's change as a part of `longestTravel`; summed as doubles in element order. */
export function travelOf({ data }: Tensor, inner: InnerParameters): number {
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += data[i]! * data[i]!;
  return Math.sqrt(squares / Math.max(1, data.length)) / longestTravel(inner);
}

/** Far beyond any training, and far below what overflows a model. */
const MOST_TRAVEL = 1000;

/**
 * Whether some tensor moved a thousand times further than the inner steps could take it. Such an update is not shortened: it was
 * made to break the model, and the exam is to show whether it does. It is never paid.
 */
export function isExcessive(delta: TensorMap, { inner }: Pick<RunDefinition, 'inner'>): boolean {
  return [...delta.values()].some((tensor) => travelOf(tensor, inner) > MOST_TRAVEL);
}

/**
 * An update (local − global) as it counts: every tensor that moved further than `inner.maxTravel` is shortened to it, float32,
 * unless the update is excessive. Applied as a bundle is opened, so that what is scored, compared and merged is one and the
 * same. The bound follows from the run definition alone: nobody's updates move it.
 */
export function boundedTravel(delta: TensorMap, definition: Pick<RunDefinition, 'inner'>): TensorMap {
  if (isExcessive(delta, definition)) return delta;
  const bound = decimalNumber(definition.inner.maxTravel);
  return new Map(
    [...delta].map(([name, tensor]) => {
      const travel = travelOf(tensor, definition.inner);
      if (travel <= bound) return [name, tensor];
      const factor = Math.fround(bound / travel);
      return [name, { shape: tensor.shape, data: tensor.data.map((value) => factor * value) }];
    }),
  );
}
