import type { RunDefinition } from '../run/run-definition.ts';
import type { TensorMap } from '../tensor/tensor.ts';

/** What became of a miner's update in its round. */
export type UpdateFate = 'merged' | 'rejected' | 'void';

/**
 * What a miner adds to its next delta before encoding, by the run definition's rule: after a merge the encoding
 * residual, after a rejection or a void round the whole delta (from then on relative to the new state), or nothing.
 */
export function carriedResidual(
  fate: UpdateFate,
  rule: RunDefinition['codec']['errorFeedback'],
  update: { readonly delta: TensorMap; readonly residual: TensorMap },
): TensorMap | null {
  switch (rule[fate]) {
    case 'residual':
      return update.residual;
    case 'delta':
      return update.delta;
    case 'nothing':
      return null;
  }
}
