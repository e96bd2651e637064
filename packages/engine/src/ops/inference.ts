import { describe, traceOne, type Value } from '../graph/value.ts';

function requireShape(op: string, value: Value, shape: readonly (number | string | undefined)[]): void {
  const fits = value.shape.length === shape.length && shape.every((dim, axis) => dim === value.shape[axis]);
  if (!fits || value.dtype !== 'f32')
    throw new TypeError(`${op} needs f32[${shape.join(', ')}], got ${describe(value)}`);
}

/**
 * Causal attention of new tokens to themselves and to cached ones. New: `q` `[batch, heads, tokens, size]`, `k` and `v`
 * `[batch, keyHeads, tokens, size]`; consecutive query heads share a key head. Cached: `pastK` and `pastV`
 * `[batch, keyHeads, past, size]`, and `pastMask` `[batch, past]`, which is added to their scores: 0, or a large negative
 * number where the cache holds nothing. The cache is only read, never copied. Result: as `q`. Not differentiable.
 */
export function cachedAttention(
  q: Value,
  fresh: { readonly k: Value; readonly v: Value },
  past: { readonly k: Value; readonly v: Value; readonly mask: Value },
  scale: number,
): Value {
  const [batch, heads, tokens, size] = q.shape;
  const [, keyHeads] = fresh.k.shape;
  const length = past.mask.shape[1];
  const grouped = typeof heads === 'number' && typeof keyHeads === 'number' && heads % keyHeads === 0;
  if (q.shape.length !== 4 || typeof size !== 'number' || !grouped) {
    throw new TypeError(
      `cachedAttention does not take queries ${describe(q)} with keys ${describe(fresh.k)}`,
    );
  }
  for (const value of [fresh.k, fresh.v])
    requireShape('cachedAttention', value, [batch, keyHeads, tokens, size]);
  for (const value of [past.k, past.v])
    requireShape('cachedAttention', value, [batch, keyHeads, length, size]);
  requireShape('cachedAttention', past.mask, [batch, length]);
  return traceOne('cachedAttention', { scale }, [q, fresh.k, fresh.v, past.k, past.v, past.mask], {
    dtype: 'f32',
    shape: q.shape,
  });
}

/**
 * The gated sum of the `k` SwiGLU experts with the highest logits, for each row: `x` `[rows, width]`, `logits`
 * `[rows, experts]`, `gateUp` `[experts, 2 · hidden, width]` with gate and up rows in turn, `down`
 * `[experts, width, hidden]` → `[rows, width]`. Gates are the softmax over all logits, or, with `renormalize`, over the
 * chosen ones. Only chosen experts are computed. Not differentiable.
 */
export function sparseExperts(
  x: Value,
  logits: Value,
  parameters: { readonly gateUp: Value; readonly down: Value },
  options: { readonly k: number; readonly renormalize: boolean },
): Value {
  const { gateUp, down } = parameters;
  const [rows, width] = x.shape;
  const [experts, , hidden] = down.shape;
  requireShape('sparseExperts', logits, [rows, experts]);
  requireShape('sparseExperts', down, [experts, width, hidden]);
  requireShape('sparseExperts', gateUp, [experts, 2 * (hidden as number), width]);
  return traceOne('sparseExperts', options, [x, logits, gateUp, down], { dtype: 'f32', shape: x.shape });
}
