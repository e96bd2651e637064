import { describe, expect, test } from 'vitest';
import { DEFAULT_BOUNDS, judgeComposition } from './verdict.ts';

const specialists = [{ id: 'law@1', domain: 'law' }];

function judge(law: number, prose: number, alone = 3.8) {
  const table = {
    base: new Map([
      ['law', 4],
      ['prose', 2],
    ]),
    composition: new Map([
      ['law', law],
      ['prose', prose],
    ]),
    alone: new Map([['law@1', new Map([['law', alone]])]]),
  };
  return judgeComposition(table, specialists, DEFAULT_BOUNDS);
}

describe('the verdict on a composition', () => {
  test('what keeps the gain and the general loss passes', () => {
    const { failures, oracleRatios, generalRises } = judge(3.805, 2.001);
    expect(failures).toEqual([]);
    expect(oracleRatios.get('law@1')).toBeCloseTo(0.975, 9);
    expect(generalRises.get('prose')).toBeCloseTo(0.0005, 9);
  });

  test.each([
    ['keeps too little of a gain', 3.82, 2, /law: the composition gains 0\.1800 .* 90\.00 % of what law@1/],
    ['costs general text too much', 3.8, 2.02, /prose: the loss rises by 1\.00 %/],
    ['breaks on its domain', Number.NaN, 2, /law: the composition gains NaN/],
    ['breaks on general text', 3.8, Number.POSITIVE_INFINITY, /prose: the loss rises by Infinity/],
  ])('what %s fails', (_, law, prose, message) => {
    expect(judge(law, prose).failures).toEqual([expect.stringMatching(message)]);
  });

  test('a specialist that gains nothing has no ratio, and only must not cost anything', () => {
    expect(judge(4, 2, 4.1)).toMatchObject({ failures: [], oracleRatios: new Map([['law@1', Number.NaN]]) });
    expect(judge(4.05, 2, 4.1).failures).toHaveLength(1);
  });
});
