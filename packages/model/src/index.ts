/**
 * The model: a decoder-only MoE transformer of the Qwen3-MoE family with its checkpoints, tokenizer, corpora, training,
 * evaluation and expert selection.
 *
 * @example
 * const { host, stop } = startModelHost(1);
 * const config = await host.open('models/foundation');
 * const losses = await host.measure(sequences); // nats per token, one for each sequence
 * await stop();
 */
export { fromBfloat16, toBfloat16 } from './checkpoint/bfloat16.ts';
export { CHECKPOINT_FILES, type Checkpoint, loadCheckpoint } from './checkpoint/checkpoint.ts';
export { decodeSafetensors, encodeSafetensors } from './checkpoint/safetensors.ts';
export { saveCheckpoint } from './checkpoint/save-checkpoint.ts';
export { type ModelConfig, parseModelConfig, toHuggingFaceConfig } from './config.ts';
export * from './corpus/index.ts';
export { ModelError, type ModelErrorCode } from './errors.ts';
export { domainLosses, spreadSequences } from './evaluation/domain-losses.ts';
export { SequenceLosses, type Sequences, type SharedPrefix } from './evaluation/sequence-losses.ts';
export { FOUNDATION_RECIPE, type FoundationRecipe } from './foundation/recipe.ts';
export {
  type FoundationOptions,
  type FoundationProgress,
  type FoundationResult,
  trainFoundation,
} from './foundation/train-foundation.ts';
export type {
  ExpertOwners,
  ExpertUsage,
  GeneratedToken,
  GenerationRequest,
} from './generation/batch-generator.ts';
export { Decoder, type Step } from './generation/decoder.ts';
export { type ExpertRestriction, expertMask } from './generation/expert-mask.ts';
export { type GenerationEnd, GenerationHost } from './generation/generation-host.ts';
export type { GenerationLoad, ModelSource } from './generation/generation-thread.ts';
export { KeyValueCache } from './generation/key-value-cache.ts';
export { type Sampled, type Sampling, sample, type TokenProbability } from './generation/sample.ts';
export {
  type Change,
  type Exam,
  type ExamBaseline,
  type ExamResult,
  type ExamRows,
  ModelHost,
  type TensorOverrides,
  type TrainJob,
  type TrainOutcome,
} from './host/model-host.ts';
export { type PrepareInThreadsOptions, prepareInThreads } from './host/prepare-in-threads.ts';
export { type RemoteModelHost, startModelHost } from './host/start-model-host.ts';
export { initializeParameters } from './initialize.ts';
export {
  EMBEDDING,
  EXPERT_MATRICES,
  type ExpertMatrix,
  type ExpertSet,
  expertName,
  expertParameterNames,
  FINAL_NORM,
  headName,
  LAYER,
  layerPrefix,
  OUTPUT_HEAD,
  type Parameters,
  parameterCount,
  parameterShapes,
  requireParameters,
} from './parameters.ts';
export { encodeExpertGroup, parseExpertGroup } from './selection/expert-group-file.ts';
export { profileRouting, type RoutingProfile } from './selection/routing-profile.ts';
export {
  type SelectionOptions,
  selectDisjoint,
  selectExperts,
  type TrainedShare,
  trainedShare,
} from './selection/select-experts.ts';
export * from './tokenizer/index.ts';
export { GradientPass, type GradientPassOptions } from './training/gradient-pass.ts';
export { type InnerOptions, innerSteps, inputsAndTargets } from './training/inner-steps.ts';
export { ForwardPass } from './transformer/forward-pass.ts';
