import { floats, type Tensor } from '@connito/engine';
import { ModelError } from '../errors.ts';

/** Rows of the embedding table for token ids, written to `out` `[tokens.length, hiddenSize]`. */
export function embed(table: Tensor, tokens: Int32Array, out: Float32Array): void {
  const [vocabularySize, width] = table.shape as readonly [number, number];
  const rows = floats(table);
  tokens.forEach((token, i) => {
    if (token < 0 || token >= vocabularySize) {
      throw new ModelError(
        'parameter_mismatch',
        `token id ${token} is outside of the vocabulary of ${vocabularySize}`,
      );
    }
    out.set(rows.subarray(token * width, (token + 1) * width), i * width);
  });
}

/** Adds the gradient of each embedded row to the gradient of the table. */
export function addEmbeddingGradient(
  table: Float32Array,
  width: number,
  tokens: Int32Array,
  dx: Float32Array,
): void {
  tokens.forEach((token, i) => {
    const to = token * width;
    const from = i * width;
    for (let j = 0; j < width; j++) table[to + j] = table[to + j]! + dx[from + j]!;
  });
}
