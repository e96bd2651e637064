import { decimalNumber } from '../encoding/decimal.ts';
import type { CodecParameters } from '../run/run-definition.ts';
import { type Tensor, type TensorMap, tensorNamed } from '../tensor/tensor.ts';

/** What became of a miner's update in its round. */
export type UpdateFate = 'merged' | 'rejected' | 'void';

/**
 * What a miner adds to its next delta before encoding, by the run definition's rule, times the rule's decay:
 *
 * - `residual`: what the encoding lost, and so was never sent,
 * - `delta`: all that was intended, sent or not; from then on relative to the new state,
 * - `nothing`.
 *
 * With a decay β below 1, what is carried is never longer than β/(1 − β) times the longest delta, whatever the fates: each
 * round makes it at most β·(carried + delta). `rounds` says how many rounds ago the update was made; the miner sat out those
 * between.
 */
export function carriedResidual(
  fate: UpdateFate,
  rule: CodecParameters['errorFeedback'],
  update: { readonly sent: TensorMap; readonly residual: TensorMap },
  rounds = 1,
): TensorMap | null {
  const decay = Math.fround(decimalNumber(rule.decay) ** rounds);
  const { sent, residual } = update;
  switch (rule[fate]) {
    case 'residual':
      return decay === 1 ? residual : mapped(residual, ({ data }) => data.map((value) => decay * value));
    case 'delta':
      return mapped(residual, ({ data }, name) => {
        const also = tensorNamed(sent, name).data;
        return data.map((value, i) => decay * Math.fround(value + also[i]!));
      });
    case 'nothing':
      return null;
  }
}

function mapped(
  tensors: TensorMap,
  change: (tensor: Tensor, name: string) => Float32Array,
): Map<string, Tensor> {
  return new Map(
    [...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, data: change(tensor, name) }]),
  );
}
