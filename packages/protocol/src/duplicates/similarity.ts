import { requireArgument } from '../errors.ts';
import type { UpdateSketch } from './update-sketch.ts';

/** Cosine of two vectors, 0 where one of them is zero. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  requireArgument(a.length === b.length, `Cannot compare vectors of ${a.length} and ${b.length} numbers.`);
  let product = 0;
  let left = 0;
  let right = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    left += a[i]! * a[i]!;
    right += b[i]! * b[i]!;
  }
  return left === 0 || right === 0 ? 0 : product / Math.sqrt(left * right);
}

/**
 * Cosine of two updates in weight space: of the whole, or the lower median over layers where that is higher, so that
 * blowing up one layer does not hide the copying of half of them.
 */
export function weightSimilarity(a: UpdateSketch, b: UpdateSketch): number {
  requireArgument(a.layers.length === b.layers.length, 'Sketches of different groups do not compare.');
  const byLayer = Float64Array.from(a.layers, (layer, i) => cosine(layer, b.layers[i]!)).sort();
  return Math.max(cosine(joined(a), joined(b)), byLayer[(byLayer.length - 1) >> 1] ?? 0);
}

/** Cosine of how two updates change the experts' answers to the same random inputs. */
export function responseSimilarity(a: UpdateSketch, b: UpdateSketch): number {
  return cosine(a.response, b.response);
}

/**
 * Correlation of two functional fingerprints: per-sequence loss differences on the same sequences. Honest updates for one
 * domain correlate too (hard sequences gain more), so it only supports what the sketches suggest.
 */
export function functionalSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return cosine(centred(a), centred(b));
}

function centred(values: ArrayLike<number>): Float64Array {
  const copy = Float64Array.from(values);
  const mean = copy.reduce((sum, value) => sum + value, 0) / Math.max(1, copy.length);
  return copy.map((value) => value - mean);
}

function joined({ layers }: UpdateSketch): number[] {
  return layers.flatMap((layer) => [...layer]);
}
