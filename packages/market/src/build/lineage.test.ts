import type { ArtifactHash, ExpertGroupId, Hotkey, StateHash, Uid } from '@connito/protocol';
import type { RoundRecord } from '@connito/run';
import { describe, expect, it } from 'vitest';
import { SHARE_UNITS } from '../package/expert-manifest.ts';
import { lineageOf } from './lineage.ts';

const math = 'math' as ExpertGroupId;
type Part = {
  readonly hotkey: string;
  readonly score: number;
  readonly credit: number;
  readonly merged?: boolean;
};

function record(
  round: number,
  parts: readonly Part[],
  { scale = 1, outcome = 'canonical' as RoundRecord['outcome'] } = {},
): RoundRecord {
  return {
    round,
    outcome,
    state: String(round).repeat(64).slice(0, 64) as StateHash,
    agreed: true,
    validators: [],
    groups: [{ group: math, domain: 'math', mergedUpdates: parts.length, scale }],
    miners: parts.map(({ hotkey, score, credit, merged = true }, i) => ({
      uid: i as Uid,
      hotkey: hotkey as Hotkey,
      group: math,
      domain: 'math',
      scoreNanoNats: score,
      reason: null,
      detail: null,
      interval: null,
      marginalNanoNats: null,
      creditShare: credit,
      mergeWeight: merged ? 0.5 : 0,
      incentive: 0,
      bytesSent: 0,
      bundle: '0'.repeat(64) as ArtifactHash,
    })),
  };
}

const sharesOf = (records: readonly RoundRecord[]) =>
  Object.fromEntries(
    lineageOf(records, math)!.miners.map(({ hotkey, share }) => [hotkey, share / SHARE_UNITS]),
  );

describe('lineage', () => {
  it('splits a round by credit, and weighs rounds by what they gained', () => {
    const one = record(0, [
      { hotkey: 'a', score: 60, credit: 0.75 },
      { hotkey: 'b', score: 40, credit: 0.25 },
    ]);
    const two = record(1, [{ hotkey: 'b', score: 300, credit: 1 }]);
    expect(sharesOf([one])).toEqual({ a: 0.75, b: 0.25 });
    expect(sharesOf([one, two])).toEqual({ a: 0.1875, b: 0.8125 });
  });

  it('counts a half step half', () => {
    const one = record(0, [{ hotkey: 'a', score: 100, credit: 1 }]);
    const half = record(1, [{ hotkey: 'b', score: 100, credit: 1 }], { scale: 0.5 });
    const shares = sharesOf([one, half]);
    expect(shares.a).toBeCloseTo(2 / 3, 8);
    expect(shares.b).toBeCloseTo(1 / 3, 8);
  });

  it('takes nothing away for a round that made it worse', () => {
    const one = record(0, [{ hotkey: 'a', score: 100, credit: 1 }]);
    const worse = record(1, [
      { hotkey: 'b', score: -300, credit: 0.5 },
      { hotkey: 'a', score: 100, credit: 0.5 },
    ]);
    expect(sharesOf([one, worse])).toEqual({ a: 1 });
    expect(lineageOf([one, worse], math)!.mergedRounds).toBe(2);
    expect(lineageOf([worse], math)).toBeNull();
  });

  it('counts nothing that entered no state', () => {
    const merged = record(0, [
      { hotkey: 'a', score: 100, credit: 0.5 },
      { hotkey: 'b', score: 100, credit: 0.5, merged: false },
    ]);
    const nothing = [
      record(1, [{ hotkey: 'c', score: 900, credit: 1 }], { outcome: 'void' }),
      record(2, [{ hotkey: 'c', score: 900, credit: 1 }], { scale: 0 }),
    ];
    expect(lineageOf([merged, ...nothing], math)).toMatchObject({
      lastRound: 0,
      mergedRounds: 1,
      miners: [{ hotkey: 'a', share: SHARE_UNITS }],
    });
    expect(lineageOf(nothing, math)).toBeNull();
    expect(lineageOf([merged], 'law' as ExpertGroupId)).toBeNull();
  });

  it('always adds up to the whole', () => {
    const thirds = record(0, [
      { hotkey: 'a', score: 1, credit: 1 / 3 },
      { hotkey: 'b', score: 1, credit: 1 / 3 },
      { hotkey: 'c', score: 1, credit: 1 / 3 },
    ]);
    const { miners } = lineageOf([thirds], math)!;
    expect(miners.map(({ share }) => share)).toEqual([333_333_334, 333_333_333, 333_333_333]);
  });
});
