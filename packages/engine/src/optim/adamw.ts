/** Constants of AdamW (Loshchilov and Hutter 2019), with the names and defaults of PyTorch. */
export type AdamWOptions = {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
};

/** First and second moments of one parameter tensor. */
export type AdamWState = { readonly m: Float32Array; readonly v: Float32Array };

export function adamWState(size: number): AdamWState {
  return { m: new Float32Array(size), v: new Float32Array(size) };
}

/**
 * One AdamW step in place. `step` counts from 1. `gradientScale` multiplies every gradient first (clipping, mean over
 * microbatches). Arithmetic is in doubles, storage in single precision.
 */
export function adamWStep(
  parameter: Float32Array,
  gradient: Float32Array,
  state: AdamWState,
  step: number,
  options: AdamWOptions,
  gradientScale = 1,
): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = options;
  const { m, v } = state;
  const decay = 1 - learningRate * weightDecay;
  const rate = learningRate / (1 - beta1 ** step);
  const inverseRootCorrection = 1 / Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]! * gradientScale;
    const first = beta1 * m[i]! + (1 - beta1) * g;
    const second = beta2 * v[i]! + (1 - beta2) * g * g;
    m[i] = first;
    v[i] = second;
    parameter[i] =
      parameter[i]! * decay - (rate * first) / (Math.sqrt(second) * inverseRootCorrection + epsilon);
  }
}

/** Euclidean norm over several tensors, accumulated in double precision. */
export function globalNorm(tensors: Iterable<Float32Array>): number {
  let sum = 0;
  for (const values of tensors) for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Math.sqrt(sum);
}
