import type { Tensor } from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { layerPrefix, layerShapes, type Parameters } from '../parameters.ts';

/** The parameters of one layer by their names within it, ready to feed to the layer's graphs. */
export function layerFeeds(
  config: ModelConfig,
  parameters: Parameters,
  layer: number,
): Record<string, Tensor> {
  const prefix = layerPrefix(layer);
  const feeds: Record<string, Tensor> = {};
  for (const name of layerShapes(config).keys()) feeds[name] = parameters.get(prefix + name)!;
  return feeds;
}
