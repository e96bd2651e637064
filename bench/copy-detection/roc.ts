import { FastRandom } from '../proof-of-loss/seeded.ts';
import type { Compared } from './compare.ts';

/** Where two works become the same: one threshold for each of `STATISTICS`. */
export type Thresholds = readonly number[];

/** One number that says how much a work looks like a copy, in place of many statistics. */
export type Detector = { readonly name: string; readonly scoreOf: (work: Compared) => number };

/**
 * The whole detector, and each of its parts alone. The whole one's score is how far its best statistic lies above its
 * threshold, so that 0 is the run's own choice and other values move all thresholds together.
 */
export function detectors(thresholds: Thresholds): readonly Detector[] {
  const plain = ({ largest }: Compared): number => Math.max(largest[0]!, largest[1]!);
  return [
    {
      name: 'whole detector',
      scoreOf: ({ largest }) => Math.max(...largest.map((value, i) => value - thresholds[i]!)),
    },
    { name: 'cosines alone', scoreOf: plain },
    { name: 'partial excess alone', scoreOf: ({ largest }) => largest[2]! },
  ];
}

export type Interval = { readonly value: number; readonly low: number; readonly high: number };

export type RocPoint = { readonly falsePositives: number; readonly truePositives: number };

export type EvasionResult = {
  readonly kind: string;
  readonly from: 'before' | 'same';
  readonly works: number;
  /** True-positive rate at the wanted rate of false positives, by detector. */
  readonly atRate: readonly Interval[];
  /** With the run's own thresholds. */
  readonly asShipped: Interval;
  /** By detector: one point for each false-positive rate that occurs up to 1. */
  readonly curves: readonly (readonly RocPoint[])[];
};

export type RocResult = {
  readonly rate: number;
  readonly honest: number;
  /** By detector: the threshold at which the wanted rate of honest works is called copies. */
  readonly thresholds: readonly Interval[];
  readonly falsePositivesAsShipped: Interval;
  readonly evasions: readonly EvasionResult[];
};

const RESAMPLES = 1000;

/**
 * Receiver operating characteristics. A false positive is an honest miner in a round with a similarity to any earlier work at or
 * above the threshold. Intervals are the middle 95 % over resamples of whole groups of one series, with all their trainings:
 * pairs share trainings, and rounds share states, so neither is evidence by itself.
 */
export function roc(compared: readonly Compared[], shipped: Thresholds, rate: number): RocResult {
  const chosen = detectors(shipped);
  const runs = [...new Set(compared.map(runOf))];
  const honest = byRun(
    compared.filter(({ kind }) => kind === 'honest'),
    runs,
  );
  const kinds = new Map<string, Compared[]>();
  for (const work of compared) {
    if (work.from === null) continue;
    const key = `${work.from}/${work.kind}`;
    kinds.set(key, [...(kinds.get(key) ?? []), work]);
  }
  const scores = (works: readonly Compared[][], detector: Detector): number[][] =>
    works.map((own) => own.map(detector.scoreOf));
  const honestScores = chosen.map((detector) => scores(honest, detector));
  const copyScores = [...kinds.values()].map((works) =>
    chosen.map((detector) => scores(byRun(works, runs), detector)),
  );

  const random = new FastRandom(20_261_125);
  const all = runs.map((_, i) => i);
  const samples = Array.from({ length: RESAMPLES }, () => all.map(() => random.below(runs.length)));
  const measure = (sample: readonly number[]) => {
    const thresholds = honestScores.map((own) => thresholdAt(pooled(own, sample), rate));
    return {
      thresholds,
      falsePositives: shareAtLeast(pooled(honestScores[0]!, sample), 0),
      atRate: copyScores.map((own) =>
        own.map((scored, d) => shareAtLeast(pooled(scored, sample), thresholds[d]!)),
      ),
      asShipped: copyScores.map(([whole]) => shareAtLeast(pooled(whole!, sample), 0)),
    };
  };
  const whole = measure(all);
  const resampled = samples.map(measure);
  const interval = (of: (measured: typeof whole) => number): Interval => {
    const values = resampled
      .map(of)
      .filter((value) => !Number.isNaN(value))
      .sort((a, b) => a - b);
    const at = (part: number): number => values[Math.floor(part * (values.length - 1))] ?? Number.NaN;
    return { value: of(whole), low: at(0.025), high: at(0.975) };
  };
  return {
    rate,
    honest: honest.flat().length,
    thresholds: chosen.map((_, d) => interval(({ thresholds }) => thresholds[d]!)),
    falsePositivesAsShipped: interval(({ falsePositives }) => falsePositives),
    evasions: [...kinds.values()].map((works, e) => ({
      kind: works[0]!.kind,
      from: works[0]!.from!,
      works: works.length,
      atRate: chosen.map((_, d) => interval(({ atRate }) => atRate[e]![d]!)),
      asShipped: interval(({ asShipped }) => asShipped[e]!),
      curves: chosen.map((_, d) => curve(pooled(honestScores[d]!, all), pooled(copyScores[e]![d]!, all))),
    })),
  };
}

function runOf({ series, domain }: Compared): string {
  return `${series}/${domain}`;
}

function byRun(works: readonly Compared[], runs: readonly string[]): Compared[][] {
  return runs.map((run) => works.filter((work) => runOf(work) === run));
}

function pooled(byRuns: readonly (readonly number[])[], sample: readonly number[]): number[] {
  return sample.flatMap((run) => byRuns[run]!);
}

/** The lowest threshold that no more than `rate` of the scores reach. */
export function thresholdAt(scores: readonly number[], rate: number): number {
  const falling = [...scores].sort((a, b) => b - a);
  const allowed = Math.floor(rate * falling.length);
  const next = falling[allowed];
  // Just above the first score that must not reach it.
  return next === undefined ? Number.NEGATIVE_INFINITY : next + Number.EPSILON * Math.max(1, Math.abs(next));
}

export function shareAtLeast(scores: readonly number[], threshold: number): number {
  return scores.filter((score) => score >= threshold).length / scores.length;
}

function curve(honest: readonly number[], copies: readonly number[]): RocPoint[] {
  const levels = [...new Set(honest)].sort((a, b) => b - a);
  const step = Math.max(1, Math.floor(levels.length / 100));
  const shown = levels.filter((_, i) => i < 20 || i % step === 0 || i === levels.length - 1);
  return shown.map((level) => ({
    falsePositives: shareAtLeast(honest, level),
    truePositives: shareAtLeast(copies, level),
  }));
}
