import { crossEntropy, type Graph, gradients, graphOf, input, matmul, rmsNorm } from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { FINAL_NORM, headName } from '../parameters.ts';

export type HeadGradientSpec = {
  readonly inputGradient: boolean;
  /** Also the gradients of the final norm and the output matrix. */
  readonly parameters: boolean;
};

/**
 * The output head over a chunk of rows: `x` `[rows, hiddenSize]`, `targets` i32 `[rows]` → `losses` `[rows]` in nats; with a
 * gradient, `upstream` `[rows]` (gradient of the objective by each loss) → `dx` and the parameters' gradients.
 */
export function headGraph(config: ModelConfig, rows: number, gradient?: HeadGradientSpec): Graph {
  const x = input('x', 'f32', [rows, config.hiddenSize]);
  const targets = input('targets', 'i32', [rows]);
  const norm = input(FINAL_NORM, 'f32', [config.hiddenSize]);
  const head = input(headName(config), 'f32', [config.vocabularySize, config.hiddenSize]);
  const logits = matmul(rmsNorm(x, norm, config.rmsEpsilon), head, { transposeB: true });
  const { losses } = crossEntropy(logits, targets);
  const outputs = new Map([['losses', losses]]);
  if (gradient !== undefined) {
    const upstream = input('upstream', 'f32', [rows]);
    const wrt = [x, norm, head];
    const [dx, dNorm, dHead] = gradients([{ output: losses, gradient: upstream }], wrt);
    if (gradient.inputGradient) outputs.set('dx', dx!);
    if (gradient.parameters) outputs.set(`d ${FINAL_NORM}`, dNorm!).set(`d ${headName(config)}`, dHead!);
  }
  return graphOf(outputs);
}

/** `x` `[rows, hiddenSize]` → `logits` `[rows, vocabularySize]`. */
export function logitsGraph(config: ModelConfig, rows: number): Graph {
  const x = input('x', 'f32', [rows, config.hiddenSize]);
  const norm = input(FINAL_NORM, 'f32', [config.hiddenSize]);
  const head = input(headName(config), 'f32', [config.vocabularySize, config.hiddenSize]);
  const logits = matmul(rmsNorm(x, norm, config.rmsEpsilon), head, { transposeB: true });
  return graphOf(new Map([['logits', logits]]));
}
