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

/** Cosine of two updates in weight space. */
export function weightSimilarity(a: UpdateSketch, b: UpdateSketch): number {
  return layeredCosine(a.weights, b.weights);
}

/** Cosine of how two updates change the experts' answers to the same random inputs. */
export function responseSimilarity(a: UpdateSketch, b: UpdateSketch): number {
  return layeredCosine(a.responses, b.responses);
}

/**
 * Of the whole, or the lower median over layers where that is higher, so that blowing up one layer does not hide the copying of
 * half of them.
 */
function layeredCosine(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  requireArgument(a.length === b.length, 'Sketches of different groups do not compare.');
  const byLayer = Float64Array.from(a, (layer, i) => cosine(layer, b[i]!)).sort();
  return Math.max(cosine(joined(a), joined(b)), byLayer[(byLayer.length - 1) >> 1] ?? 0);
}

/**
 * The unit vector of a sketch with layers of equal length, so that none hides the others by its size. A layer that changes
 * nothing stays zero.
 */
export function directionOf(layers: readonly Float32Array[]): Float64Array {
  const lengths = layers.map((layer) => Math.sqrt(layer.reduce((sum, value) => sum + value * value, 0)));
  const moving = Math.max(1, lengths.filter((length) => length > 0).length);
  return Float64Array.from(
    layers.flatMap((layer, i) =>
      Array.from(layer, (value) => (value === 0 ? 0 : value / lengths[i]! / Math.sqrt(moving))),
    ),
  );
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

function joined(layers: readonly Float32Array[]): number[] {
  return layers.flatMap((layer) => [...layer]);
}
