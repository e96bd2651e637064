import {
  type Backend,
  floats,
  type Graph,
  graphOf,
  input,
  matmul,
  reduceSum,
  rmsNorm,
  transpose,
} from '@connito/engine';
import {
  type ForwardPass,
  inputsAndTargets,
  LAYER,
  layerPrefix,
  type ModelConfig,
  type Parameters,
  type Sequences,
} from '@connito/model';
import type { LayerStatistics, RoutingStatistics } from './routing-statistics.ts';

/** `x` `[rows, hiddenSize]` between attention and experts → `moment`, the sum of h hᵀ, and `total`, the sum of h. */
function momentsGraph({ hiddenSize, rmsEpsilon }: ModelConfig, rows: number): Graph {
  const x = input('x', 'f32', [rows, hiddenSize]);
  const h = rmsNorm(x, input(LAYER.expertNorm, 'f32', [hiddenSize]), rmsEpsilon);
  const moment = matmul(transpose(h, [1, 0]), h);
  return graphOf(
    new Map([
      ['moment', moment],
      ['total', reduceSum(h, { axis: 0 })],
    ]),
  );
}

/**
 * Runs sequences through a model and collects the statistics of what its routers see. Whole batches of the pass only: a
 * padded one would count tokens that nobody wrote.
 */
export async function collectStatistics(
  backend: Backend,
  pass: ForwardPass,
  parameters: Parameters,
  sequences: Sequences,
): Promise<RoutingStatistics> {
  const { config, shape, rows } = pass;
  const width = shape.tokens + 1;
  if (sequences.count < shape.sequences) {
    throw new RangeError(`${sequences.count} sequences do not fill one batch of ${shape.sequences}`);
  }
  const moments = await backend.compile(momentsGraph(config, rows));
  const sums = Array.from({ length: config.layers }, () => ({
    moment: new Float64Array(config.hiddenSize ** 2),
    mean: new Float64Array(config.hiddenSize),
    gates: new Float64Array(config.experts),
  }));
  let tokens = 0;
  for (let start = 0; start + shape.sequences <= sequences.count; start += shape.sequences) {
    const block = sequences.data.subarray(start * width, (start + shape.sequences) * width);
    const { inputs } = inputsAndTargets(block, shape.sequences, shape.tokens);
    let x = pass.embed(parameters, inputs);
    for (const [layer, sum] of sums.entries()) {
      const attended = await pass.attend(parameters, x, layer);
      const norm = parameters.get(layerPrefix(layer) + LAYER.expertNorm)!;
      const batch = await moments.run({ x: attended, [LAYER.expertNorm]: norm });
      addTo(sum.moment, floats(batch.moment!));
      addTo(sum.mean, floats(batch.total!));
      const observe = (_: number, gates: Float32Array): void => {
        for (let i = 0; i < gates.length; i++) sum.gates[i % config.experts]! += gates[i]!;
      };
      x = await pass.layers(parameters, attended, layer, layer + 1, { observe, attended: true });
    }
    tokens += rows;
  }
  await moments.dispose();
  return { tokens, layers: sums.map((sum) => meansOf(sum, tokens)) };
}

function meansOf(sums: Record<keyof LayerStatistics, Float64Array>, tokens: number): LayerStatistics {
  const mean = (values: Float64Array): Float32Array => Float32Array.from(values, (value) => value / tokens);
  const chosen = sums.gates.reduce((sum, value) => sum + value, 0);
  return {
    moment: mean(sums.moment),
    mean: mean(sums.mean),
    gates: Float32Array.from(sums.gates, (value) => value / chosen),
  };
}

function addTo(sum: Float64Array, addend: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += addend[i]!;
}
