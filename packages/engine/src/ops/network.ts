import { describe, trace, traceOne, type Value } from '../graph/value.ts';
import { mul } from './elementwise.ts';

/** Softmax over the last axis. */
export function softmax(x: Value): Value {
  return traceOne('softmax', {}, [x], { dtype: 'f32', shape: x.shape });
}

/** `x / sqrt(mean(x²) + epsilon)` over the last axis and the factor itself, `[…, 1]`. */
export function rmsNormalize(
  x: Value,
  epsilon: number,
): { readonly normalized: Value; readonly inverseRms: Value } {
  const [normalized, inverseRms] = trace(
    'rmsNormalize',
    { epsilon },
    [x],
    [
      { dtype: 'f32', shape: x.shape },
      { dtype: 'f32', shape: [...x.shape.slice(0, -1), 1] },
    ],
  );
  return { normalized: normalized!, inverseRms: inverseRms! };
}

/** RMSNorm (Zhang and Sennrich 2019): `weight · x / rms(x)` over the last axis. */
export function rmsNorm(x: Value, weight: Value, epsilon: number): Value {
  return mul(rmsNormalize(x, epsilon).normalized, weight);
}

/**
 * Rotary position embedding (Su et al. 2021) in the half-split layout of Hugging Face checkpoints: the pair
 * `(x[i], x[i + d/2])` is turned by the angle of its position. `x` `[…, d]`; `cos` and `sin` broadcast to `[…, d/2]`.
 */
export function rotary(x: Value, cos: Value, sin: Value, inverse = false): Value {
  const size = x.shape.at(-1);
  if (typeof size !== 'number' || size % 2 !== 0 || cos.shape.at(-1) !== size / 2) {
    throw new TypeError(`cannot rotate ${describe(x)} by ${describe(cos)}`);
  }
  return traceOne('rotary', { inverse }, [x, cos, sin], { dtype: 'f32', shape: x.shape });
}

/** Cross-entropy of each row: `logits` `[n, classes]`, integer `targets` `[n]` → losses `[n]` in nats, and the softmax. */
export function crossEntropy(
  logits: Value,
  targets: Value,
): { readonly losses: Value; readonly probabilities: Value } {
  if (logits.shape.length !== 2 || targets.shape.length !== 1 || targets.shape[0] !== logits.shape[0]) {
    throw new TypeError(`crossEntropy does not take ${describe(logits)} with ${describe(targets)}`);
  }
  const [losses, probabilities] = trace(
    'crossEntropy',
    {},
    [logits, targets],
    [
      { dtype: 'f32', shape: targets.shape },
      { dtype: 'f32', shape: logits.shape },
    ],
  );
  return { losses: losses!, probabilities: probabilities! };
}

/** `(softmax − one-hot) · upstream`, the gradient of `crossEntropy` by its logits. */
export function crossEntropyGradient(probabilities: Value, targets: Value, upstream: Value): Value {
  return traceOne('crossEntropyGradient', {}, [probabilities, targets, upstream], {
    dtype: 'f32',
    shape: probabilities.shape,
  });
}
