import type { ModelConfig } from '../config.ts';

/** Cosines and sines of the rotary angles of positions 0 … `positions - 1`, `[positions, headSize / 2]` each. */
export function rotaryTable(
  config: ModelConfig,
  positions: number,
): { readonly cos: Float32Array; readonly sin: Float32Array } {
  const half = config.headSize / 2;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * config.ropeTheta ** (-(2 * i) / config.headSize);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
