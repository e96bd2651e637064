import { requireArgument } from '../errors.ts';
import type { UpdateSketch } from './update-sketch.ts';

/** Cosine of two vectors, 0 where one of them is zero. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return cosineOf([innerProducts(a, b)]);
}

type InnerProducts = { readonly ab: number; readonly aa: number; readonly bb: number };

function innerProducts(a: ArrayLike<number>, b: ArrayLike<number>): InnerProducts {
  requireArgument(a.length === b.length, `Cannot compare vectors of ${a.length} and ${b.length} numbers.`);
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return { ab, aa, bb };
}

/** Of two vectors joined from parts. */
function cosineOf(parts: readonly InnerProducts[]): number {
  const sum = (of: keyof InnerProducts): number => parts.reduce((total, part) => total + part[of], 0);
  const lengths = Math.sqrt(sum('aa')) * Math.sqrt(sum('bb'));
  return lengths === 0 ? 0 : sum('ab') / lengths;
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
function layeredCosine(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  requireArgument(a.length === b.length, 'Sketches of different groups do not compare.');
  const products = a.map((layer, i) => innerProducts(layer, b[i]!));
  const byLayer = Float64Array.from(products, (layer) => cosineOf([layer])).sort();
  return Math.max(cosineOf(products), byLayer[(byLayer.length - 1) >> 1] ?? 0);
}

/**
 * The unit vector of a sketch with layers of equal length, so that none hides the others by its size. A layer that changes
 * nothing stays zero.
 */
export function directionOf(layers: readonly Float64Array[]): Float64Array {
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
