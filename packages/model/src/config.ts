import { z } from 'zod';
import { ModelError } from './errors.ts';

const positive = z.int().positive();

const hfConfig = z.object({
  model_type: z.literal('qwen3_moe'),
  vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive,
  head_dim: positive,
  num_experts: positive.optional(),
  /** The name transformers 5 writes. */
  num_local_experts: positive.optional(),
  num_experts_per_tok: positive,
  moe_intermediate_size: positive,
  norm_topk_prob: z.boolean().default(false),
  rms_norm_eps: z.number().positive(),
  rope_theta: z.number().positive().optional(),
  rope_parameters: z
    .object({ rope_theta: z.number().positive(), rope_type: z.literal('default') })
    .optional(),
  rope_scaling: z.null().optional(),
  tie_word_embeddings: z.boolean(),
  max_position_embeddings: positive,
  hidden_act: z.literal('silu'),
  attention_bias: z.literal(false).default(false),
  use_sliding_window: z.literal(false).default(false),
  decoder_sparse_step: z.literal(1).default(1),
  mlp_only_layers: z.array(z.never()).default([]),
  eos_token_id: z.int().nonnegative().nullish(),
});

/** Shape and constants of a decoder-only MoE transformer of the Qwen3-MoE family. */
export type ModelConfig = {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  /** Heads of keys and values; each serves `attentionHeads / keyValueHeads` query heads. */
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly experts: number;
  readonly expertsPerToken: number;
  readonly expertSize: number;
  /** Whether the chosen experts' gates are scaled to sum to 1. */
  readonly renormalizeGates: boolean;
  readonly rmsEpsilon: number;
  readonly ropeTheta: number;
  readonly tiedEmbeddings: boolean;
  readonly contextSize: number;
  readonly endOfTextToken: number | null;
};

/** Reads a Hugging Face `config.json`. Throws `unsupported_model`, naming what does not fit. */
export function parseModelConfig(json: unknown): ModelConfig {
  const result = hfConfig.safeParse(json);
  if (!result.success) {
    const problems = result.error.issues.map(
      (issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`,
    );
    throw new ModelError(
      'unsupported_model',
      `config.json is not a supported Qwen3-MoE model: ${problems.join('; ')}`,
    );
  }
  const hf = result.data;
  const ropeTheta = hf.rope_parameters?.rope_theta ?? hf.rope_theta;
  const experts = hf.num_experts ?? hf.num_local_experts;
  const wrong =
    ropeTheta === undefined
      ? 'rope_theta is missing'
      : experts === undefined
        ? 'num_experts is missing'
        : hf.num_attention_heads % hf.num_key_value_heads !== 0
          ? `num_attention_heads ${hf.num_attention_heads} is no multiple of num_key_value_heads ${hf.num_key_value_heads}`
          : hf.num_experts_per_tok > experts
            ? `num_experts_per_tok ${hf.num_experts_per_tok} is more than num_experts ${experts}`
            : hf.head_dim % 2 !== 0
              ? `head_dim ${hf.head_dim} is odd`
              : null;
  if (wrong !== null) throw new ModelError('unsupported_model', `config.json contradicts itself: ${wrong}`);
  return {
    vocabularySize: hf.vocab_size,
    hiddenSize: hf.hidden_size,
    layers: hf.num_hidden_layers,
    attentionHeads: hf.num_attention_heads,
    keyValueHeads: hf.num_key_value_heads,
    headSize: hf.head_dim,
    experts: experts!,
    expertsPerToken: hf.num_experts_per_tok,
    expertSize: hf.moe_intermediate_size,
    renormalizeGates: hf.norm_topk_prob,
    rmsEpsilon: hf.rms_norm_eps,
    ropeTheta: ropeTheta!,
    tiedEmbeddings: hf.tie_word_embeddings,
    contextSize: hf.max_position_embeddings,
    endOfTextToken: hf.eos_token_id ?? null,
  };
}

/** The `config.json` that Hugging Face's `Qwen3MoeForCausalLM` reads. */
export function toHuggingFaceConfig(config: ModelConfig): Record<string, unknown> {
  return {
    architectures: ['Qwen3MoeForCausalLM'],
    model_type: 'qwen3_moe',
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    // Every layer is sparse; Hugging Face wants a size for dense layers all the same.
    intermediate_size: config.expertSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.attentionHeads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headSize,
    num_experts: config.experts,
    num_experts_per_tok: config.expertsPerToken,
    moe_intermediate_size: config.expertSize,
    norm_topk_prob: config.renormalizeGates,
    rms_norm_eps: config.rmsEpsilon,
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tiedEmbeddings,
    max_position_embeddings: config.contextSize,
    hidden_act: 'silu',
    attention_bias: false,
    attention_dropout: 0,
    use_sliding_window: false,
    decoder_sparse_step: 1,
    mlp_only_layers: [],
    initializer_range: 0.02,
    eos_token_id: config.endOfTextToken,
    torch_dtype: 'bfloat16',
  };
}
