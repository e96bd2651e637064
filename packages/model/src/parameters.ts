import { elementCount, type Tensor } from '@connito/engine';
import type { ModelConfig } from './config.ts';
import { ModelError } from './errors.ts';

/** All parameters of a model in single precision, by their Hugging Face names. */
export type Parameters = ReadonlyMap<string, Tensor>;

export const EMBEDDING = 'model.embed_tokens.weight';
export const FINAL_NORM = 'model.norm.weight';
export const OUTPUT_HEAD = 'lm_head.weight';

/** The three matrices of a SwiGLU expert: `down(silu(gate(x)) · up(x))`. */
export const EXPERT_MATRICES = ['gate_proj', 'up_proj', 'down_proj'] as const;
export type ExpertMatrix = (typeof EXPERT_MATRICES)[number];

/** Names within a layer, without the `model.layers.N.` prefix. */
export const LAYER = {
  attentionNorm: 'input_layernorm.weight',
  query: 'self_attn.q_proj.weight',
  key: 'self_attn.k_proj.weight',
  value: 'self_attn.v_proj.weight',
  output: 'self_attn.o_proj.weight',
  queryNorm: 'self_attn.q_norm.weight',
  keyNorm: 'self_attn.k_norm.weight',
  expertNorm: 'post_attention_layernorm.weight',
  router: 'mlp.gate.weight',
} as const;

export function layerPrefix(layer: number): string {
  return `model.layers.${layer}.`;
}

/** Name of an expert's matrix within its layer. */
export function expertName(expert: number, matrix: ExpertMatrix): string {
  return `mlp.experts.${expert}.${matrix}.weight`;
}

/** Names within a layer and their shapes. A linear map is stored `[out, in]`. */
export function layerShapes(config: ModelConfig): Map<string, readonly number[]> {
  const { hiddenSize, headSize, expertSize } = config;
  const queries = config.attentionHeads * headSize;
  const keys = config.keyValueHeads * headSize;
  const shapes = new Map<string, readonly number[]>([
    [LAYER.attentionNorm, [hiddenSize]],
    [LAYER.query, [queries, hiddenSize]],
    [LAYER.key, [keys, hiddenSize]],
    [LAYER.value, [keys, hiddenSize]],
    [LAYER.output, [hiddenSize, queries]],
    [LAYER.queryNorm, [headSize]],
    [LAYER.keyNorm, [headSize]],
    [LAYER.expertNorm, [hiddenSize]],
    [LAYER.router, [config.experts, hiddenSize]],
  ]);
  for (let expert = 0; expert < config.experts; expert++) {
    shapes.set(expertName(expert, 'gate_proj'), [expertSize, hiddenSize]);
    shapes.set(expertName(expert, 'up_proj'), [expertSize, hiddenSize]);
    shapes.set(expertName(expert, 'down_proj'), [hiddenSize, expertSize]);
  }
  return shapes;
}

/** Every parameter of the model and its shape. */
export function parameterShapes(config: ModelConfig): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  shapes.set(EMBEDDING, [config.vocabularySize, config.hiddenSize]);
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [name, shape] of layerShapes(config)) shapes.set(layerPrefix(layer) + name, shape);
  }
  shapes.set(FINAL_NORM, [config.hiddenSize]);
  if (!config.tiedEmbeddings) shapes.set(OUTPUT_HEAD, [config.vocabularySize, config.hiddenSize]);
  return shapes;
}

/** Name of the matrix that turns hidden states into logits. */
export function headName(config: ModelConfig): string {
  return config.tiedEmbeddings ? EMBEDDING : OUTPUT_HEAD;
}

/**
 * Throws `parameter_mismatch`, naming the first offender, unless `parameters` are exactly the model's, in single
 * precision. A silently ignored or invented tensor is a wrong model.
 */
export function requireParameters(config: ModelConfig, parameters: Parameters): void {
  const shapes = parameterShapes(config);
  for (const [name, shape] of shapes) {
    const found = parameters.get(name);
    if (found === undefined) throw new ModelError('parameter_mismatch', `tensor ${name} is missing`);
    if (found.dtype !== 'f32' || found.shape.join() !== shape.join()) {
      const message = `tensor ${name} is ${found.dtype}[${found.shape}], the config needs f32[${shape}]`;
      throw new ModelError('parameter_mismatch', message);
    }
  }
  for (const name of parameters.keys()) {
    if (!shapes.has(name))
      throw new ModelError('parameter_mismatch', `tensor ${name} does not belong to this model`);
  }
}

/** Names of the parameters that decide the hidden states between the attention of `layer` and its experts, and of its router. */
export function parametersBelowExperts(config: ModelConfig, layer: number): string[] {
  const names: string[] = [EMBEDDING];
  const whole = [...layerShapes(config).keys()];
  for (let below = 0; below < layer; below++) names.push(...whole.map((name) => layerPrefix(below) + name));
  return [...names, ...Object.values(LAYER).map((name) => layerPrefix(layer) + name)];
}

/** Number of scalars of the model. */
export function parameterCount(config: ModelConfig): number {
  let count = 0;
  for (const shape of parameterShapes(config).values()) count += elementCount(shape);
  return count;
}

/** Some experts of some layers, by layer number: what one expert group trains, or what a router may choose from. */
export type ExpertSet = ReadonlyMap<number, readonly number[]>;

/** Full names of all matrices of a set of experts, by layer, expert, then matrix. */
export function expertParameterNames(experts: ExpertSet): string[] {
  const names: string[] = [];
  for (const layer of [...experts.keys()].sort((a, b) => a - b)) {
    for (const expert of [...experts.get(layer)!].sort((a, b) => a - b)) {
      for (const matrix of EXPERT_MATRICES) names.push(layerPrefix(layer) + expertName(expert, matrix));
    }
  }
  return names;
}
