import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunId } from '../brand.ts';
import { SeededRandom } from '../encoding/random.ts';
import { exampleRun, seedOf } from '../testing/example-run.ts';
import { drawAcrossPools, drawSequences } from './draw-sequences.ts';
import { isFutile } from './futility.ts';
import { toNanoNats } from './nano-nats.ts';
import { lowerConfidenceBound, pairedStatistics } from './paired-statistics.ts';
import { type MeasuredLosses, scoreFutile, scoreUpdate } from './score-update.ts';
import { studentQuantile, studentTail } from './student-t.ts';

const parameters = { ...exampleRun().scoring, domainSequences: 32, generalSequences: 16 };

function normals(label: string, n: number, mean: number, deviation: number): Float64Array {
  const random = new SeededRandom(seedOf(label));
  return Float64Array.from({ length: n }, () => mean + deviation * random.nextGaussian());
}

/** Losses whose update gains `gain` on the domain and raises general loss by `rise`, in nats. */
function losses(gain: number, rise: number, ownRise = rise): MeasuredLosses<Float64Array> {
  const domainBefore = normals('domain', 32, 2.5, 0.3);
  const generalBase = normals('general', 16, 3, 0.3);
  const noise = normals('noise', 32, 0, 0.001);
  return {
    domainBefore,
    domainAfter: domainBefore.map((loss, j) => loss - gain + noise[j]!),
    generalBase,
    generalBefore: generalBase.map((loss) => loss + rise - ownRise),
    generalAfter: generalBase.map((loss, j) => loss + rise + noise[j]!),
  };
}

describe("Student's t", () => {
  it.each([
    [0.05, 1, 6.313752],
    [0.05, 5, 2.015048],
    [0.05, 30, 1.697261],
    [0.05, 120, 1.657651],
    [0.025, 10, 2.228139],
    [0.01, 20, 2.527977],
    [0.005, 63, 2.656145],
    [0.1, 2, 1.885618],
    [0.001, 1000, 3.098403],
  ])('exceeds with probability %f and %i degrees the tabulated %f', (tail, degrees, expected) => {
    expect(studentQuantile(tail, degrees)).toBeCloseTo(expected, 5);
  });

  it('has a tail that inverts the quantile', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 0.5, noNaN: true }),
        fc.integer({ min: 1, max: 5000 }),
        (tail, degrees) => {
          expect(Math.abs(studentTail(studentQuantile(tail, degrees), degrees) / tail - 1)).toBeLessThan(
            1e-9,
          );
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('lower confidence bound', () => {
  it('matches a hand-computed example', () => {
    // mean 3, sample variance 2.5, standard error sqrt(0.5), t(0.05; 4) = 2.131847.
    expect(lowerConfidenceBound(Float64Array.of(1, 2, 3, 4, 5), 0.05)).toBeCloseTo(
      3 - 2.131847 * Math.sqrt(0.5),
      5,
    );
  });

  it('is Hall’s where few sequences lose much, worked by hand', () => {
    // mean 3/8, deviation 1.767767, skewness -1.856155, t(0.05; 7) = 1.894579: Hall's reach is 7.682182 standard errors.
    const helpsMost = Float64Array.of(1, 1, 1, 1, 1, 1, 1, -4);
    expect(lowerConfidenceBound(helpsMost, 0.05)).toBeCloseTo(-4.426364, 5);
    // The other way round Student's bound stands: a lucky sequence earns nothing.
    const { mean, upper, lower, standardError } = pairedStatistics(
      helpsMost.map((value) => -value),
      0.05,
    );
    expect(lower).toBeCloseTo(mean - 1.894579 * standardError, 5);
    expect(upper).toBeCloseTo(4.426364, 5);
  });

  it('is never above Student’s and moves with the differences', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), { minLength: 2, maxLength: 64 }),
        fc.constantFrom(0.001, 0.01, 0.05, 0.2, 0.5),
        fc.integer({ min: -1_000_000, max: 1_000_000 }),
        (values, rate, shift) => {
          const { n, mean, standardError, lower, upper } = pairedStatistics(Float64Array.from(values), rate);
          const student = studentQuantile(rate, n - 1) * standardError;
          expect(Number.isFinite(lower) && Number.isFinite(upper)).toBe(true);
          expect(lower).toBeLessThanOrEqual(mean - student + 1e-6);
          expect(upper).toBeGreaterThanOrEqual(mean + student - 1e-6);
          const moved = lowerConfidenceBound(
            Float64Array.from(values, (value) => value + shift),
            rate,
          );
          expect(Math.abs(moved - lower - shift)).toBeLessThan(1);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('rewards updates without gain at no more than the stated rate', () => {
    const trials = 3000;
    const random = new SeededRandom(seedOf('calibration'));
    for (const shape of ['normal', 'heavy tailed'] as const) {
      let rewarded = 0;
      for (let trial = 0; trial < trials; trial++) {
        const differences = Float64Array.from({ length: 32 }, () => {
          const z = random.nextGaussian();
          return shape === 'normal' ? z : z * Math.abs(random.nextGaussian());
        });
        if (lowerConfidenceBound(differences, 0.05) > 0) rewarded += 1;
      }
      // Three standard errors of a rate of 5 % in 3000 trials.
      expect(rewarded / trials).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / trials));
    }
  });
});

describe('score', () => {
  it('is the lower bound of the gain where general loss stands', () => {
    const score = scoreUpdate(losses(0.05, 0), parameters);
    if (score.kind !== 'scored') throw new Error(score.kind);
    expect(score.reason).toBeNull();
    expect(score.scoreNanoNats).toBe(score.domain.lowerNanoNats - score.chargeNanoNats);
    expect(score.scoreNanoNats).toBeGreaterThan(49_000_000);
    expect(score.scoreNanoNats).toBeLessThan(50_000_000);
  });

  it('is zero where the gain is within the noise', () => {
    expect(scoreUpdate(losses(0.0001, 0), parameters)).toMatchObject({ scoreNanoNats: 0, reason: 'no_gain' });
    expect(scoreUpdate(losses(-0.05, 0), parameters)).toMatchObject({ scoreNanoNats: 0, reason: 'no_gain' });
    const unchanged = losses(0, 0);
    const same = { ...unchanged, domainAfter: unchanged.domainBefore };
    expect(scoreUpdate(same, parameters)).toMatchObject({ scoreNanoNats: 0, reason: 'no_gain' });
  });

  it('is zero where the bound is positive but too small to mean anything', () => {
    const flat = losses(0, 0);
    const by = (gain: number) => ({ ...flat, domainAfter: flat.domainBefore.map((loss) => loss - gain) });
    expect(scoreUpdate(by(0.000249), parameters)).toMatchObject({ scoreNanoNats: 0, reason: 'no_gain' });
    expect(scoreUpdate(by(0.000251), parameters)).toMatchObject({ scoreNanoNats: 251_000, reason: null });
  });

  it('is charged for the rise of general loss over the base model', () => {
    const score = scoreUpdate(losses(0.05, 0.01), parameters);
    if (score.kind !== 'scored') throw new Error(score.kind);
    expect(score.chargeNanoNats).toBeGreaterThan(9_000_000);
    expect(score.scoreNanoNats).toBeLessThan(41_000_000);
    const accumulated = scoreUpdate(losses(0.05, 0.01, 0.002), parameters);
    expect(accumulated).toMatchObject({ chargeNanoNats: score.chargeNanoNats });
  });

  it('never gains by any rise of general loss, and is charged no more than its lower bound', () => {
    const nats = (min: number, max: number) => fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(nats(-0.1, 0.5), nats(-0.05, 0.05), nats(0, 0.1), fc.nat(15), (gain, rise, more, j) => {
        const measured = losses(gain, rise);
        const raised = measured.generalAfter.map((loss) => loss + more);
        const score = scoreUpdate(measured, parameters);
        const worse = scoreUpdate({ ...measured, generalAfter: raised }, parameters);
        if (score.kind !== 'scored' || worse.kind !== 'scored') throw new Error('not scored');
        expect(worse.scoreNanoNats).toBeLessThanOrEqual(score.scoreNanoNats);
        expect(worse.chargeNanoNats).toBeGreaterThanOrEqual(score.chargeNanoNats);
        for (const { scoreNanoNats, chargeNanoNats, domain, generalRise, reason } of [score, worse]) {
          // Bounds are rounded outwards to whole nano-nats.
          expect(Math.abs(chargeNanoNats - Math.max(0, generalRise.lowerNanoNats))).toBeLessThanOrEqual(1);
          expect(scoreNanoNats).toBe(reason === null ? domain.lowerNanoNats - chargeNanoNats : 0);
        }
        const spoilt = measured.generalAfter.map((loss, i) => (i === j ? loss + 7 : loss));
        const one = scoreUpdate({ ...measured, generalAfter: spoilt }, parameters);
        if (one.kind !== 'scored') throw new Error('not scored');
        expect(one.worstGeneralRiseNanoNats).toBeGreaterThan(6.9e9);
        expect(score.worstGeneralRiseNanoNats).toBeLessThan(1e9);
      }),
      { numRuns: 50 },
    );
  });

  it('is zero for a large general regression, unless the update repairs it', () => {
    expect(scoreUpdate(losses(0.5, 0.1), parameters)).toMatchObject({
      scoreNanoNats: 0,
      reason: 'general_regression',
    });
    expect(scoreUpdate(losses(0.05, 0.06), parameters)).toMatchObject({ reason: 'general_regression' });
    expect(scoreUpdate(losses(0.5, 0.1, -0.02), parameters)).toMatchObject({ reason: null });
  });

  it('overflowed logits on any single sequence make the update invalid', () => {
    fc.assert(
      fc.property(fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e6), fc.nat(31), (value, j) => {
        const measured = losses(5, 0);
        const domainAfter = measured.domainAfter.map((loss, i) => (i === j ? value : loss));
        const generalAfter = measured.generalAfter.map((loss, i) => (i === j % 16 ? value : loss));
        const invalid = { kind: 'invalid', reason: 'non_finite_loss' };
        expect(scoreUpdate({ ...measured, domainAfter }, parameters)).toEqual(invalid);
        expect(scoreUpdate({ ...measured, generalAfter }, parameters)).toEqual(invalid);
      }),
      { numRuns: 30 },
    );
  });

  it('a failed baseline is never a gain: the validator abstains', () => {
    for (const field of ['domainBefore', 'generalBase', 'generalBefore'] as const) {
      const measured = losses(0.05, 0);
      const broken = { ...measured, [field]: measured[field].map((loss, j) => (j === 3 ? Infinity : loss)) };
      expect(scoreUpdate(broken, parameters)).toEqual({ kind: 'abstained', reason: 'validator_abstained' });
    }
  });

  it('refuses another sample size than the fixed one', () => {
    const measured = losses(0.05, 0);
    expect(() =>
      scoreUpdate({ ...measured, domainAfter: measured.domainAfter.slice(1) }, parameters),
    ).toThrow('32');
  });

  it('comes from integers that a report can carry', () => {
    expect(toNanoNats([1.5, -0])).toEqual(Float64Array.of(1_500_000_000, 0));
    const score = scoreUpdate(losses(0.03, 0.001), parameters);
    if (score.kind !== 'scored') throw new Error(score.kind);
    for (const value of [score.scoreNanoNats, score.chargeNanoNats, ...Object.values(score.domain)]) {
      expect(Number.isSafeInteger(value)).toBe(true);
    }
  });
});

describe('futility', () => {
  it('drops harmful updates early and spares helpful ones', () => {
    const outcomes = { harmful: 0, helpful: 0 };
    const trials = 300;
    for (let trial = 0; trial < trials; trial++) {
      if (isFutile(normals(`harm ${trial}`, 16, -0.5, 1), 64, 0.05)) outcomes.harmful += 1;
      if (isFutile(normals(`help ${trial}`, 16, 0.6, 1), 64, 0.05)) outcomes.helpful += 1;
    }
    expect(outcomes.harmful / trials).toBeGreaterThan(0.8);
    expect(outcomes.helpful / trials).toBeLessThan(0.02);
  });

  it('gives a zero that keeps the evidence, and no cover for overflow', () => {
    const score = scoreFutile([2, 2, 2], [2.1, 2.2, 2.3], parameters);
    expect(score).toMatchObject({ kind: 'futile', domain: { n: 3, meanNanoNats: -200_000_000 } });
    expect(scoreFutile([2, 2], [2, Infinity], parameters)).toMatchObject({ reason: 'non_finite_loss' });
  });

  it('never stops a sample that is complete', () => {
    expect(isFutile(Float64Array.of(-1, -2, -3), 3, 0.05)).toBe(false);
  });

  it('only removes rewards', () => {
    for (let trial = 0; trial < 200; trial++) {
      const differences = normals(`any ${trial}`, 64, 0.1, 1);
      const full = pairedStatistics(differences, 0.05).lower > 0;
      const rewarded = full && !isFutile(differences.subarray(0, 16), 64, 0.05);
      expect(!rewarded || full).toBe(true);
    }
  });
});

describe('draws', () => {
  const purpose = { run: '1'.repeat(64) as RunId, round: 3, label: 'domain/law' };
  const blockHash = 'f'.repeat(64);

  it('match the test vector', () => {
    expect(drawSequences(blockHash, purpose, 500, 6)).toEqual([212, 407, 442, 143, 187, 266]);
  });

  it('take each document once and depend on seed, run, round and label', () => {
    const drawn = drawSequences(blockHash, purpose, 500, 64);
    expect(new Set(drawn).size).toBe(64);
    expect(drawSequences(blockHash, purpose, 500, 64)).toEqual(drawn);
    for (const other of [{ round: 4 }, { label: 'domain/code' }, { run: '2'.repeat(64) as RunId }]) {
      expect(drawSequences(blockHash, { ...purpose, ...other }, 500, 64)).not.toEqual(drawn);
    }
    expect(drawSequences('e'.repeat(64), purpose, 500, 64)).not.toEqual(drawn);
  });

  it('spread over pools by their sizes', () => {
    const pools = [
      { source: 'small', documents: 10 },
      { source: 'large', documents: 90 },
    ];
    const drawn = drawAcrossPools(blockHash, purpose, pools, 100);
    expect(drawn.filter(({ source }) => source === 'small')).toHaveLength(10);
    expect(new Set(drawn.map(({ source, document }) => `${source} ${document}`)).size).toBe(100);
  });
});
