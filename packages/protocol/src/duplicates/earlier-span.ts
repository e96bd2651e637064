/**
 * Added to the squared length of each unit vector, so that two works which are nearly the same do not make the system
 * singular. About the squared error of a cosine between sketches.
 */
const RIDGE = 1e-3;

/** How one vector relates to a set of earlier ones, in their order. */
export type SpanComparison = {
  readonly cosines: Float64Array;
  /**
   * For each earlier vector, the cosine of what is left of both after the best approximations by all *other* earlier vectors
   * are taken away.
   */
  readonly partialCosines: Float64Array;
  /**
   * For each earlier vector, how many of the others share with it and with the new one what those do that share most. A vector
   * that is like neither counts nothing.
   */
  readonly sharing: Float64Array;
};

/**
 * Unit vectors, and how a new one relates to all of them at once.
 *
 * Updates that start from one state and learn one domain share much of their direction by honest work. What is left when all
 * that other works share is taken away is a training's own: the texts it saw, in their order. Noise that a copier adds has
 * nothing to do with it, so a copy keeps a high partial cosine with its original where the plain cosine is long drowned.
 *
 * The inverse of the Gram matrix grows with each vector (block inversion), so a comparison costs `n²` operations beside `n`
 * inner products.
 */
export class EarlierSpan {
  readonly #vectors: Float64Array[] = [];
  /** Cosines of the vectors with each other. */
  readonly #gram: number[][] = [];
  #inverse: Float64Array[] = [];

  compare(vector: Float64Array): SpanComparison {
    const { cosines, weights, rest } = this.#project(vector);
    const partialCosines = weights.map((weight, i) => {
      const spread = rest * this.#inverse[i]![i]!;
      return weight === 0 ? 0 : weight / Math.sqrt(weight * weight + spread);
    });
    return { cosines, partialCosines, sharing: cosines.map((_, i) => this.#sharing(cosines, i)) };
  }

  add(vector: Float64Array): void {
    const { cosines, weights, rest } = this.#project(vector);
    const border = Float64Array.from([...weights, -1], (weight) => -weight / rest);
    const inverse = this.#inverse.map((row, i) => {
      const grown = Float64Array.from(border, (value) => -weights[i]! * value);
      for (const [j, value] of row.entries()) grown[j] = grown[j]! + value;
      grown[row.length] = border[i]!;
      return grown;
    });
    this.#inverse = [...inverse, border];
    this.#vectors.push(vector);
    for (const [i, row] of this.#gram.entries()) row.push(cosines[i]!);
    this.#gram.push([...cosines, 1]);
  }

  /**
   * Of the vectors other than `place`. In one common factor the product of a vector's cosines with the two compared is
   * proportional to the part of it that the factor explains. It is taken relative to the largest, and to half of the cosine of the
   * two: where nothing is like them, nothing counts.
   */
  #sharing(cosines: Float64Array, place: number): number {
    const products = this.#gram[place]!.map((cosine, i) =>
      i === place ? 0 : Math.max(0, cosine) * Math.max(0, cosines[i]!),
    );
    const whole = Math.max(...products, (cosines[place]! / 2) ** 2);
    return whole === 0 ? 0 : products.reduce((sum, product) => sum + product / whole, 0);
  }

  /** Least-squares weights of the earlier vectors, and the squared length of what they leave. */
  #project(vector: Float64Array): { cosines: Float64Array; weights: Float64Array; rest: number } {
    const cosines = Float64Array.from(this.#vectors, (earlier) => dot(earlier, vector));
    const weights = Float64Array.from(this.#inverse, (row) => dot(row, cosines));
    return { cosines, weights, rest: Math.max(RIDGE, 1 + RIDGE - dot(weights, cosines)) };
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
