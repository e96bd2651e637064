import { describe, expect, it } from 'vitest';
import { LossComparison } from './loss-comparison.ts';

const TOLERANCE = 1_000;

describe('losses measured again', () => {
  it('must be equal to the last digit on the build that reported them', () => {
    const comparison = new LossComparison(TOLERANCE);
    expect(comparison.losses([5, 6], [5, 6], true)).toBeNull();
    expect(comparison.losses([5, 6], [5, 7], true)).toEqual({ at: 1, expected: 6, found: 7 });
    expect(comparison.agreement).toMatchObject({ compared: 2, exact: 2, largestNanoNats: 0 });
  });

  it('must be within the run’s tolerance on another, which is told with the largest distance', () => {
    const comparison = new LossComparison(TOLERANCE);
    expect(comparison.losses([0, 0, 0], [TOLERANCE, -TOLERANCE, 0], false)).toBeNull();
    expect(comparison.losses([0], [TOLERANCE + 1], false)).toEqual({
      at: 0,
      expected: 0,
      found: TOLERANCE + 1,
    });
    expect(comparison.agreement).toEqual({
      ...{
        kind: 'measured',
        compared: 3,
        exact: 1,
        largestNanoNats: TOLERANCE,
        toleranceNanoNats: TOLERANCE,
      },
    });
  });

  it('must be as many as were reported', () => {
    const comparison = new LossComparison(TOLERANCE);
    expect(comparison.losses([1, 2], [1], false)).toEqual({ at: 'length', expected: 2, found: 1 });
    expect(comparison.agreement).toMatchObject({ compared: 0 });
  });
});
