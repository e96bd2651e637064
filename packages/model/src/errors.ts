import { ConnitoError } from '@connito/protocol';

/**
 * - `unsupported_model`: a config that this family's code cannot run
 * - `checkpoint_missing`: no checkpoint, or no such file in it
 * - `checkpoint_corrupt`: bytes that are not what their header says, or values that are not finite
 * - `parameter_mismatch`: a tensor is missing, superfluous, or has another shape or type
 * - `base_model_mismatch`: the model is not the one the run was made for, or computes another loss
 * - `non_finite_loss`: training diverged
 */
export type ModelErrorCode =
  | 'unsupported_model'
  | 'checkpoint_missing'
  | 'checkpoint_corrupt'
  | 'parameter_mismatch'
  | 'base_model_mismatch'
  | 'non_finite_loss';

/** What can go wrong with a model, its files or its training. */
export class ModelError extends ConnitoError {
  constructor(code: ModelErrorCode, message: string, options?: { cause?: unknown }) {
    // Divergence costs a miner its round; everything else would go on costing until somebody acts.
    super(code, message, { ...options, advice: code === 'non_finite_loss' ? 'reject' : 'fatal' });
  }
}
