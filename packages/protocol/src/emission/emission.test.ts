import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExpertGroupId, Hotkey, Uid } from '../brand.ts';
import type { ConsensusScore } from '../consensus/consensus-scores.ts';
import { exampleRun } from '../testing/example-run.ts';
import { chainWeights } from './chain-weights.ts';
import { groupCredits } from './credit.ts';
import { type YumaInput, yumaEpoch } from './yuma.ts';

const zeros = (n: number) => Array.from({ length: n }, () => new Array<number>(n).fill(0));

/** Validators first, then miners; each weight row lists miners only. */
function epochOf(
  stakes: readonly number[],
  rows: readonly (readonly number[])[],
  overrides: Partial<YumaInput> = {},
) {
  const miners = rows[0]!.length;
  const n = stakes.length + miners;
  const validators = stakes.length;
  return yumaEpoch({
    stakes: Array.from({ length: n }, (_, uid) => BigInt(stakes[uid] ?? 0)),
    validatorPermits: Array.from({ length: n }, (_, uid) => uid < validators),
    weights: Array.from({ length: n }, (_, i) => [
      ...new Array<number>(validators).fill(0),
      ...(rows[i] ?? new Array<number>(miners).fill(0)),
    ]),
    bonds: zeros(n),
    ...{ kappa: 0.5, bondsAlpha: 0.1, minerShare: 0.5 },
    ...overrides,
  });
}

describe('Yuma', () => {
  it('matches a hand-computed epoch', () => {
    // Stakes 1/2, 1/4, 1/4; weights on two miners (1, 0), (1/2, 1/2), (0, 1).
    // Consensus: miner A: sorted 0 (1/4), 1/2 (1/2), 1 (1): more than half at 1. Miner B: 0 (1/2), 1/2 (3/4): 1/2.
    // Clipped: (1, 0), (1/2, 1/2), (0, 1/2). Ranks: A 1/2 + 1/8 = 5/8, B 1/8 + 1/8 = 1/4.
    const result = epochOf(
      [2, 1, 1],
      [
        [4, 0],
        [3, 3],
        [0, 9],
      ],
    );
    expect(result.consensus.slice(3)).toEqual([1, 0.5]);
    expect(result.trust.slice(3)).toEqual([1, 0.25 / 0.375]);
    expect(result.validatorTrust.slice(0, 3)).toEqual([1, 1, 0.5]);
    expect(result.incentive.slice(3)).toEqual([0.625 / 0.875, 0.25 / 0.875]);
    // Bonds to A: 4/5, 1/5, 0; to B: 0, 1/2, 1/2.
    expect(result.bonds.slice(0, 3).map((row) => row.slice(3))).toEqual([
      [0.8, 0],
      [0.2, 0.5],
      [0, 0.5],
    ]);
    const [first, second, third] = result.dividends;
    expect(first).toBeCloseTo((0.8 * 5) / 7, 12);
    expect(second).toBeCloseTo((0.2 * 5) / 7 + 1 / 7, 12);
    expect(third).toBeCloseTo(1 / 7, 12);
    expect(result.emission[3]).toBeCloseTo(5 / 14, 12);
    expect(result.emission[0]).toBeCloseTo(4 / 14, 12);
  });

  it('takes the higher weight where exactly half of the stake supports it', () => {
    expect(
      epochOf(
        [1, 1],
        [
          [1, 0],
          [0, 1],
        ],
      ).consensus.slice(2),
    ).toEqual([1, 1]);
  });

  it('a minority that favours its own miner moves nothing and loses dividends', () => {
    const honest = [2, 1, 0];
    const fair = epochOf([1, 1, 1], [honest, honest, honest]);
    const rigged = epochOf([1, 1, 1], [honest, honest, [0, 0, 1]]);
    expect(rigged.incentive.slice(3)).toEqual(fair.incentive.slice(3));
    expect(rigged.dividends[2]).toBe(0);
  });

  it('a validator that sets no weights earns nothing', () => {
    const result = epochOf(
      [1, 1, 1],
      [
        [1, 1],
        [1, 1],
        [0, 0],
      ],
    );
    expect(result.dividends[2]).toBe(0);
    expect(result.emission[2]).toBe(0);
  });

  it('ignores weights on oneself and of neurons without a permit', () => {
    const stakes = [1n, 1n, 0n];
    const weights = [
      [9, 0, 1],
      [0, 0, 1],
      [0, 9, 0],
    ];
    const result = yumaEpoch({
      ...{ stakes, weights, bonds: zeros(3), kappa: 0.5, bondsAlpha: 0.1, minerShare: 0.5 },
      validatorPermits: [true, true, false],
    });
    expect(result.incentive).toEqual([0, 0, 1]);
  });

  it('moves bonds by the stated part an epoch', () => {
    const rows = [
      [1, 0],
      [0, 1],
    ];
    const before = epochOf([1, 1], rows);
    const after = epochOf(
      [1, 1],
      [
        [0, 1],
        [1, 0],
      ],
      { bonds: before.bonds },
    );
    expect(before.bonds[0]!.slice(2)).toEqual([1, 0]);
    expect(after.bonds[0]![2]).toBeCloseTo(0.9, 12);
    expect(after.bonds[0]![3]).toBeCloseTo(0.1, 12);
  });

  it('pays validators by stake where nobody set weights', () => {
    expect(epochOf([3, 1], [[0], [0]]).emission).toEqual([0.75, 0.25, 0]);
  });

  it('pays out everything, to nobody less than nothing', () => {
    const row = fc.array(fc.nat(65_535), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(1000), { minLength: 4 }),
        (rows, stakes) => {
          const result = epochOf(
            stakes.slice(0, rows.length).map((stake) => stake + 1),
            rows,
          );
          expect(result.emission.every((share) => share >= 0)).toBe(true);
          expect(result.emission.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('chain weights', () => {
  const definition = exampleRun();
  const scoreOf = (uid: number, group: string, scoreNanoNats: number): ConsensusScore => ({
    ...{ uid: uid as Uid, hotkey: `key ${uid}` as Hotkey, group: group as ExpertGroupId, scoreNanoNats },
    ...{ reason: scoreNanoNats > 0 ? null : 'no_gain', duplicateOf: null, judgedStake: 1n },
  });

  it('split emission over groups, then by score', () => {
    const scores = [
      scoreOf(5, 'law', 30),
      scoreOf(4, 'law', 10),
      scoreOf(9, 'code', 1),
      scoreOf(8, 'law', 0),
    ];
    const credits = groupCredits(scores, new Map(), definition);
    const weights = chainWeights(credits, definition);
    expect(weights.map(({ uid }) => uid)).toEqual([4, 5, 9]);
    const total = weights.reduce((sum, { weight }) => sum + weight, 0);
    const shares = weights.map(({ weight }) => weight / total);
    expect(shares[0]).toBeCloseTo(0.175, 4);
    expect(shares[1]).toBeCloseTo(0.525, 4);
    expect(shares[2]).toBeCloseTo(0.3, 4);
    expect(Math.max(...weights.map(({ weight }) => weight))).toBe(65_535);
  });

  const paid = (scores: readonly ConsensusScore[], contributions: Readonly<Record<number, number>>) => {
    const byUid = new Map(Object.entries(contributions).map(([uid, value]) => [Number(uid) as Uid, value]));
    return [...groupCredits(scores, byUid, definition).get('law' as ExpertGroupId)!];
  };

  it('add to a score half of what the merge would lose without the update, for each of the others', () => {
    const scores = [
      scoreOf(5, 'law', 30),
      scoreOf(4, 'law', 10),
      scoreOf(6, 'law', 20),
      scoreOf(7, 'law', 0),
    ];
    // Three count, so by two halves: 10 + 4, 30 − 3, 20 − 1. Uid 7 has no gain of its own, whatever it contributed.
    expect(paid(scores, { 5: -3, 4: 4, 6: -1, 7: 500 })).toEqual([
      [4, 14 / 60],
      [5, 27 / 60],
      [6, 19 / 60],
    ]);
    // Uid 6 was not merged: nobody measured it, and it is paid by score.
    expect(paid(scores, { 5: -3, 4: 4 })).toEqual([
      [4, 12 / 60.5],
      [5, 28.5 / 60.5],
      [6, 20 / 60.5],
    ]);
  });

  it('pay nothing for what harms the merge by more than it gains alone', () => {
    const scores = [scoreOf(1, 'law', 20), scoreOf(2, 'law', 10), scoreOf(3, 'law', 20)];
    expect(paid(scores, { 1: 0, 2: -30, 3: 0 })).toEqual([
      [1, 0.5],
      [2, 0],
      [3, 0.5],
    ]);
    // Where all seem to harm, the scores are what is left to go by.
    expect(paid(scores, { 1: -30, 2: -30, 3: -30 })).toEqual([
      [1, 0.4],
      [2, 0.2],
      [3, 0.4],
    ]);
  });

  it('pay twins by score, though the merge misses neither', () => {
    const twins = [scoreOf(1, 'law', 20), scoreOf(2, 'law', 20)];
    const unmissed = new Map([
      [1 as Uid, 0],
      [2 as Uid, 0],
    ]);
    const credits = groupCredits(twins, unmissed, definition).get('law' as ExpertGroupId)!;
    expect([...credits.values()]).toEqual([0.5, 0.5]);
  });

  it('burn the share of a group in which nobody earned', () => {
    const credits = groupCredits([scoreOf(9, 'code', 100)], new Map(), definition);
    const burning = { ...definition, emission: { marginalWeight: '0.5', burnUid: 0 as Uid } };
    expect(chainWeights(credits, burning)).toEqual([
      { uid: 0, weight: 65_535 },
      { uid: 9, weight: Math.round((0.3 / 0.7) * 65_535) },
    ]);
    expect(chainWeights(credits, definition)).toEqual([{ uid: 9, weight: 65_535 }]);
    expect(chainWeights(new Map(), definition)).toEqual([]);
    expect(chainWeights(new Map(), burning)).toEqual([{ uid: 0, weight: 65_535 }]);
  });
});
