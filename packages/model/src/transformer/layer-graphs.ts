import { type Graph, gradients, graphOf, input, type Value, valuesToKeep } from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { layerShapes } from '../parameters.ts';
import { attention, type BatchShape, parameterInputs } from './attention.ts';
import { expertMixture } from './experts.ts';

/** Whether a backward pass reads the intermediates of the forward pass or computes them again from the layer's input. */
export type Rematerialization = 'keep' | 'recompute';

/** What a layer is trained for: which of its parameters get gradients, and whether its input does. */
export type LayerGradientSpec = {
  /** Names within the layer. */
  readonly trained: readonly string[];
  readonly inputGradient: boolean;
  /** Adds the load-balancing loss to the objective; only pretraining trains routers. */
  readonly balance: boolean;
  readonly rematerialization: Rematerialization;
};

type TracedLayer = {
  readonly x: Value;
  readonly y: Value;
  readonly gates: Value;
  readonly balanceLoss: Value;
  readonly parameter: (name: string) => Value;
};

function traceLayer(config: ModelConfig, shape: BatchShape): TracedLayer {
  const rows = shape.sequences * shape.tokens;
  const x = input('x', 'f32', [rows, config.hiddenSize]);
  const parameter = parameterInputs(layerShapes(config));
  const attended = attention(config, shape, x, parameter);
  const { output, gates, balanceLoss } = expertMixture(config, rows, attended, parameter);
  return { x, y: output, gates, balanceLoss, parameter };
}

export type LayerForwardOptions = {
  /** Which part of the layer. Default: all of it. */
  readonly part?: 'whole' | 'attention' | 'experts';
  /** Also returns `gates` `[rows, experts]`. */
  readonly gates?: boolean;
  /** Takes `expertMask` `[experts]`, as `expertMixture` does. */
  readonly masked?: boolean;
};

/** `x`, parameters → `y`, both `[rows, hiddenSize]`. */
export function layerForwardGraph(
  config: ModelConfig,
  shape: BatchShape,
  { part = 'whole', gates: withGates = false, masked = false }: LayerForwardOptions = {},
): Graph {
  const rows = shape.sequences * shape.tokens;
  const x = input('x', 'f32', [rows, config.hiddenSize]);
  const parameter = parameterInputs(layerShapes(config));
  const attended = part === 'experts' ? x : attention(config, shape, x, parameter);
  if (part === 'attention') return graphOf(new Map([['y', attended]]));
  const mask = masked ? input('expertMask', 'f32', [config.experts]) : null;
  const { output, gates } = expertMixture(config, rows, attended, parameter, mask);
  const outputs = new Map([['y', output]]);
  if (withGates) outputs.set('gates', gates);
  return graphOf(outputs);
}

/** Name of the gradient of a parameter among a backward graph's outputs. */
export const gradientName = (parameter: string): string => `d ${parameter}`;

/**
 * One trace, two graphs: forward, which also returns what backward will read (`kept …`), and backward, from `dy` to `dx`
 * and the gradients of the trained parameters. With `balance`, `balanceWeight` is a scalar input of backward.
 */
export function layerTrainingGraphs(
  config: ModelConfig,
  shape: BatchShape,
  spec: LayerGradientSpec,
): { readonly forward: Graph; readonly backward: Graph; readonly kept: readonly string[] } {
  const { x, y, gates, balanceLoss, parameter } = traceLayer(config, shape);
  const forwardValues = new Map([['y', y]]);
  const seeds = [{ output: y, gradient: input('dy', 'f32', y.shape) }];
  if (spec.balance) {
    seeds.push({ output: balanceLoss, gradient: input('balanceWeight', 'f32', []) });
    forwardValues.set('balanceLoss', balanceLoss).set('gates', gates);
  }
  const forwardNodes = new Set(graphOf(forwardValues).nodes);

  const wrt = spec.trained.map(parameter);
  if (spec.inputGradient) wrt.push(x);
  const results = gradients(seeds, wrt);
  const outputs = new Map(spec.trained.map((name, i) => [gradientName(name), results[i]!]));
  if (spec.inputGradient) outputs.set('dx', results.at(-1)!);

  const cuts = new Map<string, Value>();
  if (spec.rematerialization === 'keep') {
    const kept = valuesToKeep(outputs.values(), (value) => forwardNodes.has(value.node), new Set([x]));
    kept.forEach((value, i) => {
      cuts.set(`kept ${i}`, value);
      forwardValues.set(`kept ${i}`, value);
    });
  }
  return { forward: graphOf(forwardValues), backward: graphOf(outputs, cuts), kept: [...cuts.keys()] };
}
