import { requireArgument } from '../errors.ts';

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** Natural logarithm of the gamma function for x ≥ 0.5 (Lanczos, g = 7; relative error about 10^-15). */
function logGamma(x: number): number {
  const shifted = x - 1;
  const sum = LANCZOS.reduce(
    (total, coefficient, i) => total + coefficient / (shifted + i + 1),
    0.99999999999980993,
  );
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Continued fraction of the incomplete beta function (Lentz's method; Press et al., Numerical Recipes §6.4). */
function betaFraction(a: number, b: number, x: number): number {
  const TINY = 1e-300;
  const guard = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 300; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return fraction;
}

/** Regularised incomplete beta function I_x(a, b). */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(a, b, x)) / a
    : 1 - (front * betaFraction(b, a, 1 - x)) / b;
}

/** P(T > t) for Student's t with `degrees` degrees of freedom and t ≥ 0. */
export function studentTail(t: number, degrees: number): number {
  return 0.5 * incompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

/** A run asks for the same few quantiles for every update, and each takes a hundred evaluations of the tail. */
const known = new Map<string, number>();
const MAX_KNOWN = 256;

/** The t that Student's distribution exceeds with probability `tail`, for tail in (0, 0.5]. */
export function studentQuantile(tail: number, degrees: number): number {
  requireArgument(
    tail > 0 && tail <= 0.5 && degrees >= 1,
    `No t quantile for tail ${tail} and ${degrees} degrees.`,
  );
  const key = `${tail}/${degrees}`;
  let quantile = known.get(key);
  if (quantile === undefined) {
    quantile = bisected(tail, degrees);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(key, quantile);
  }
  return quantile;
}

function bisected(tail: number, degrees: number): number {
  let high = 1;
  while (studentTail(high, degrees) > tail) high *= 2;
  let low = 0;
  // Bisection to the last bit: no tolerance to agree on.
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    if (studentTail(middle, degrees) > tail) low = middle;
    else high = middle;
  }
}
