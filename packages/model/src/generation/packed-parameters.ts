import { floats, type Tensor, zerosTensor } from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { expertName, FINAL_NORM, headName, LAYER, layerPrefix, type Parameters } from '../parameters.ts';

/** One layer's parameters as the step graphs take them. Weights of RMSNorms are folded into the matrices after them. */
export const PACKED = {
  /** `[queries + keys + values, hiddenSize]`. */
  queryKeyValue: 'qkv',
  /** Weights of the norms of query and key heads, `[queryHeads + keyHeads, headSize]`. */
  headNorms: 'headNorms',
  /** `[hiddenSize, queries]`. */
  output: 'output',
  /** `[experts, hiddenSize]`. */
  router: 'router',
  /** Rows of gate and up projection in turn, `[experts, 2 · expertSize, hiddenSize]`. */
  gateUp: 'gateUp',
  /** `[experts, hiddenSize, expertSize]`. */
  down: 'down',
} as const;
export type PackedName = (typeof PACKED)[keyof typeof PACKED];

export const packedName = (layer: number, name: PackedName): string => `${name} ${layer}`;

/** Shapes of one layer's packed parameters. */
export function packedShapes(config: ModelConfig): Record<PackedName, readonly number[]> {
  const { hiddenSize, headSize, attentionHeads, keyValueHeads, experts, expertSize } = config;
  return {
    qkv: [(attentionHeads + 2 * keyValueHeads) * headSize, hiddenSize],
    headNorms: [attentionHeads + keyValueHeads, headSize],
    output: [hiddenSize, attentionHeads * headSize],
    router: [experts, hiddenSize],
    gateUp: [experts, 2 * expertSize, hiddenSize],
    down: [experts, hiddenSize, expertSize],
  };
}

/** Everything the step graphs are fed besides tokens and cache, by name. Tensors that stay as they are are shared. */
export function packParameters(config: ModelConfig, parameters: Parameters): Record<string, Tensor> {
  const packed: Record<string, Tensor> = {
    [FINAL_NORM]: parameters.get(FINAL_NORM)!,
    [headName(config)]: parameters.get(headName(config))!,
  };
  for (let layer = 0; layer < config.layers; layer++) {
    const get = (name: string): Tensor => parameters.get(layerPrefix(layer) + name)!;
    const attentionNorm = floats(get(LAYER.attentionNorm));
    const expertNorm = floats(get(LAYER.expertNorm));
    const shapes = packedShapes(config);
    const put = (name: PackedName, value: Tensor): void => {
      packed[packedName(layer, name)] = value;
    };

    const qkv = zerosTensor(shapes.qkv);
    let at = 0;
    for (const name of [LAYER.query, LAYER.key, LAYER.value]) {
      at = copyScaled(floats(get(name)), attentionNorm, floats(qkv), at);
    }
    put('qkv', qkv);

    const headNorms = zerosTensor(shapes.headNorms);
    for (let head = 0; head < config.attentionHeads + config.keyValueHeads; head++) {
      const name = head < config.attentionHeads ? LAYER.queryNorm : LAYER.keyNorm;
      floats(headNorms).set(floats(get(name)), head * config.headSize);
    }
    put('headNorms', headNorms);
    put('output', get(LAYER.output));

    const router = zerosTensor(shapes.router);
    copyScaled(floats(get(LAYER.router)), expertNorm, floats(router), 0);
    put('router', router);

    const gateUp = zerosTensor(shapes.gateUp);
    const down = zerosTensor(shapes.down);
    const { expertSize, hiddenSize } = config;
    let row = 0;
    for (let expert = 0; expert < config.experts; expert++) {
      const gate = floats(get(expertName(expert, 'gate_proj')));
      const up = floats(get(expertName(expert, 'up_proj')));
      for (let i = 0; i < expertSize; i++) {
        for (const matrix of [gate, up]) {
          const line = matrix.subarray(i * hiddenSize, (i + 1) * hiddenSize);
          row = copyScaled(line, expertNorm, floats(gateUp), row);
        }
      }
      floats(down).set(floats(get(expertName(expert, 'down_proj'))), expert * hiddenSize * expertSize);
    }
    put('gateUp', gateUp);
    put('down', down);
  }
  return packed;
}

/** Writes `matrix` with column `j` times `scale[j]` to `out` from `start`; returns where it ends. */
function copyScaled(matrix: Float32Array, scale: Float32Array, out: Float32Array, start: number): number {
  const width = scale.length;
  for (let i = 0; i < matrix.length; i++) out[start + i] = matrix[i]! * scale[i % width]!;
  return start + matrix.length;
}
