import { floats, type Tensor } from '@connito/engine';
import {
  type Checkpoint,
  EMBEDDING,
  type ExpertMatrix,
  expertName,
  FINAL_NORM,
  LAYER,
  layerPrefix,
  OUTPUT_HEAD,
  type TokenizerJson,
} from '@connito/model';
import { compositionError } from '../errors.ts';
import { type GgufTensor, type GgufType, type GgufValue, writeGguf } from './gguf-file.ts';
import { tokenizerMetadata } from './tokenizer-metadata.ts';

const ARCHITECTURE = 'qwen3moe';
/** llama.cpp's number for "mostly this type". */
const FILE_TYPES: Readonly<Record<GgufType, number>> = { F32: 0, F16: 1, BF16: 32 };
/** llama.cpp's LLAMA_MAX_EXPERTS. */
const MAX_EXPERTS = 512;

/** Names within a layer, ours and llama.cpp's. Both turn halves of a head in rotary embedding, so rows keep their order. */
const LAYER_NAMES: readonly (readonly [ours: string, theirs: string])[] = [
  [LAYER.attentionNorm, 'attn_norm'],
  [LAYER.query, 'attn_q'],
  [LAYER.key, 'attn_k'],
  [LAYER.value, 'attn_v'],
  [LAYER.output, 'attn_output'],
  [LAYER.queryNorm, 'attn_q_norm'],
  [LAYER.keyNorm, 'attn_k_norm'],
  [LAYER.expertNorm, 'ffn_norm'],
  [LAYER.router, 'ffn_gate_inp'],
];
const EXPERT_NAMES: readonly (readonly [ExpertMatrix, string])[] = [
  ['gate_proj', 'ffn_gate_exps'],
  ['up_proj', 'ffn_up_exps'],
  ['down_proj', 'ffn_down_exps'],
];
/** llama.cpp reads vectors and router rows in single precision only. */
const ALWAYS_SINGLE: ReadonlySet<string> = new Set([LAYER.router]);

export type GgufOptions = { readonly name: string; readonly type: GgufType };

/**
 * Writes a model as one GGUF file of llama.cpp's `qwen3moe` architecture. Fails with `not_expressible`, saying why, where
 * llama.cpp would compute something else.
 */
export async function exportGguf(
  path: string,
  model: Checkpoint,
  tokenizer: TokenizerJson,
  options: GgufOptions,
): Promise<void> {
  await writeGguf(path, ggufMetadata(model, tokenizer, options), ggufTensors(model, options.type));
}

function ggufMetadata(
  { config }: Checkpoint,
  tokenizer: TokenizerJson,
  { name, type }: GgufOptions,
): Map<string, GgufValue> {
  if (!config.renormalizeGates) {
    throw compositionError(
      'not_expressible',
      `llama.cpp's ${ARCHITECTURE} scales the chosen experts' gates to sum to 1, and this model does not (norm_topk_prob is false).`,
    );
  }
  if (config.experts > MAX_EXPERTS) {
    throw compositionError(
      'not_expressible',
      `llama.cpp takes at most ${MAX_EXPERTS} experts a layer, this model has ${config.experts}. Compose fewer packages, or with fewer --companions.`,
      { experts: config.experts },
    );
  }
  const u32 = (value: number): GgufValue => ({ type: 'u32', value });
  const f32 = (value: number): GgufValue => ({ type: 'f32', value });
  const own = (key: string, value: GgufValue): readonly [string, GgufValue] => [
    `${ARCHITECTURE}.${key}`,
    value,
  ];
  return new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: ARCHITECTURE }],
    ['general.name', { type: 'string', value: name }],
    ['general.file_type', u32(FILE_TYPES[type])],
    own('block_count', u32(config.layers)),
    own('context_length', u32(config.contextSize)),
    own('embedding_length', u32(config.hiddenSize)),
    own('feed_forward_length', u32(config.expertSize)),
    own('vocab_size', u32(config.vocabularySize)),
    own('attention.head_count', u32(config.attentionHeads)),
    own('attention.head_count_kv', u32(config.keyValueHeads)),
    own('attention.key_length', u32(config.headSize)),
    own('attention.value_length', u32(config.headSize)),
    own('attention.layer_norm_rms_epsilon', f32(config.rmsEpsilon)),
    own('rope.freq_base', f32(config.ropeTheta)),
    own('expert_count', u32(config.experts)),
    own('expert_used_count', u32(config.expertsPerToken)),
    own('expert_feed_forward_length', u32(config.expertSize)),
    ...tokenizerMetadata(tokenizer, config.vocabularySize, config.endOfTextToken),
  ]);
}

function ggufTensors({ config, parameters }: Checkpoint, type: GgufType): GgufTensor[] {
  const whole = (ours: string, theirs: string, single: boolean): GgufTensor => {
    const value = parameters.get(ours)!;
    const isVector = value.shape.length === 1;
    return {
      name: `${theirs}.weight`,
      shape: value.shape,
      type: single || isVector ? 'F32' : type,
      parts: () => [floats(value)],
    };
  };
  const tensors = [whole(EMBEDDING, 'token_embd', false), whole(FINAL_NORM, 'output_norm', false)];
  if (!config.tiedEmbeddings) tensors.push(whole(OUTPUT_HEAD, 'output', false));
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [ours, theirs] of LAYER_NAMES) {
      tensors.push(whole(layerPrefix(layer) + ours, `blk.${layer}.${theirs}`, ALWAYS_SINGLE.has(ours)));
    }
    for (const [matrix, theirs] of EXPERT_NAMES) {
      const experts: Tensor[] = Array.from(
        { length: config.experts },
        (_, expert) => parameters.get(layerPrefix(layer) + expertName(expert, matrix))!,
      );
      tensors.push({
        name: `blk.${layer}.${theirs}.weight`,
        shape: [config.experts, ...experts[0]!.shape],
        type,
        *parts() {
          for (const expert of experts) yield floats(expert);
        },
      });
    }
  }
  return tensors;
}
