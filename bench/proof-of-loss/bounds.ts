import { lowerConfidenceBound, studentQuantile } from '@connito/protocol';
import { LOCAL_PARAMETERS } from '@connito/run';
import { FastRandom } from './seeded.ts';

/** A one-sided lower bound of a mean that is meant to exceed the true mean with probability `rate` at most. */
export type Bound = {
  readonly name: string;
  readonly lower: (differences: Float64Array, rate: number) => number;
  /** Far slower than the others, so it gets fewer trials. */
  readonly slow?: boolean;
};

const student: Bound = {
  name: 'Student t',
  lower: (differences, rate) => plainStudent(differences, rate),
};

const quantiles = new Map<string, number>();

function quantile(rate: number, degrees: number): number {
  const key = `${rate} ${degrees}`;
  let found = quantiles.get(key);
  if (found === undefined) {
    found = studentQuantile(rate, degrees);
    quantiles.set(key, found);
  }
  return found;
}

type Moments = {
  readonly n: number;
  readonly mean: number;
  readonly deviation: number;
  readonly skewness: number;
};

/** Sample mean, deviation (n − 1) and skewness (third central moment over cubed deviation). */
function momentsOf(values: Float64Array): Moments {
  const n = values.length;
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / n;
  let squares = 0;
  let cubes = 0;
  for (const value of values) {
    const d = value - mean;
    squares += d * d;
    cubes += d * d * d;
  }
  const deviation = Math.sqrt(squares / (n - 1));
  return { n, mean, deviation, skewness: deviation === 0 ? 0 : cubes / n / deviation ** 3 };
}

function plainStudent(values: Float64Array, rate: number): number {
  const { n, mean, deviation } = momentsOf(values);
  return mean - (quantile(rate, n - 1) * deviation) / Math.sqrt(n);
}

/** Johnson (1978): the t statistic corrected for skewness to first order, solved for the mean. */
function johnson(values: Float64Array, rate: number): number {
  const { n, mean, deviation, skewness } = momentsOf(values);
  const t = quantile(rate, n - 1);
  const shift = (skewness * (1 + 2 * t * t)) / (6 * Math.sqrt(n));
  return mean - ((t - shift) * deviation) / Math.sqrt(n);
}

/** Hall (1992): a monotone cubic transformation of the t statistic that removes its skewness. */
function hall(values: Float64Array, rate: number): number {
  const { n, mean, deviation, skewness } = momentsOf(values);
  const root = Math.sqrt(n);
  const t = quantile(rate, n - 1);
  if (Math.abs(skewness) < 1e-9) return mean - (t * deviation) / root;
  const inner = 1 + skewness * (t / root - skewness / (6 * n));
  const transformed = ((3 * root) / skewness) * (Math.cbrt(inner) - 1);
  return mean - (transformed * deviation) / root;
}

const bootstrapRandom = new FastRandom(7);

/** Bootstrap-t (Efron 1981) with 400 resamples. */
function bootstrapT(values: Float64Array, rate: number): number {
  const resamples = 400;
  const { n, mean, deviation } = momentsOf(values);
  const sample = new Float64Array(n);
  const statistics = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    for (let i = 0; i < n; i++) sample[i] = values[bootstrapRandom.below(n)]!;
    const again = momentsOf(sample);
    statistics[b] = again.deviation === 0 ? 0 : ((again.mean - mean) * Math.sqrt(n)) / again.deviation;
  }
  statistics.sort();
  const t = statistics[Math.min(resamples - 1, Math.ceil((1 - rate) * resamples))]!;
  return mean - (t * deviation) / Math.sqrt(n);
}

/** The smaller of two bounds. */
function smaller(a: Bound['lower'], b: Bound['lower']): Bound['lower'] {
  return (values, rate) => Math.min(a(values, rate), b(values, rate));
}

/** What a run does: zero below the least gain that counts. Differences are in nano-nats. */
export const SHIPPED: Bound = {
  name: 'as shipped: smaller of t and Hall, less the least gain',
  lower: (differences, rate) =>
    lowerConfidenceBound(differences, rate) - LOCAL_PARAMETERS.scoring.minGainNanoNats,
};

export const BOUNDS: readonly Bound[] = [
  SHIPPED,
  student,
  {
    name: 'Student t, less the least gain',
    lower: (differences, rate) => plainStudent(differences, rate) - LOCAL_PARAMETERS.scoring.minGainNanoNats,
  },
  { name: 'Student t at half the rate', lower: (values, rate) => plainStudent(values, rate / 2) },
  { name: 'Student t at a fifth of the rate', lower: (values, rate) => plainStudent(values, rate / 5) },
  { name: 'Johnson', lower: johnson },
  { name: 'Hall', lower: hall },
  { name: 'smaller of t and Johnson', lower: smaller(plainStudent, johnson) },
  { name: 'smaller of t and Hall', lower: smaller(plainStudent, hall) },
  { name: 'bootstrap-t', lower: bootstrapT, slow: true },
];
