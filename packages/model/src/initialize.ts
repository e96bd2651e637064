import { elementCount, type Tensor, tensor } from '@connito/engine';
import type { SeededRandom } from '@connito/protocol';
import type { ModelConfig } from './config.ts';
import { EMBEDDING, LAYER, OUTPUT_HEAD, type Parameters, parameterShapes } from './parameters.ts';

/** Standard deviation of embeddings, as in GPT-2, and of routers, which so start close to even. */
const SMALL_DEVIATION = 0.02;

/**
 * Fresh parameters: norms at 1, embeddings and routers normal with deviation 0.02, other matrices normal with `1 / sqrt(fan in)`,
 * those that write to the residual stream divided by `sqrt(2 · layers)` (Radford et al. 2019).
 */
export function initializeParameters(config: ModelConfig, random: SeededRandom): Parameters {
  const parameters = new Map<string, Tensor>();
  for (const [name, shape] of parameterShapes(config)) {
    const values = new Float32Array(elementCount(shape));
    if (shape.length === 1) values.fill(1);
    else {
      const deviation = initialDeviation(config, name, shape[1]!);
      for (let i = 0; i < values.length; i++) values[i] = deviation * random.nextGaussian();
    }
    parameters.set(name, tensor(values, shape));
  }
  return parameters;
}

function initialDeviation(config: ModelConfig, name: string, fanIn: number): number {
  if (name === EMBEDDING || name === OUTPUT_HEAD || name.endsWith(LAYER.router)) return SMALL_DEVIATION;
  const writesResidual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
  return fanIn ** -0.5 / (writesResidual ? Math.sqrt(2 * config.layers) : 1);
}
