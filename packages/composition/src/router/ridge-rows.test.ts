import { floats } from '@connito/engine';
import { initializeParameters, LAYER, layerPrefix } from '@connito/model';
import { SeededRandom } from '@connito/protocol';
import { describe, expect, test } from 'vitest';
import { buildComposition, type RowOf } from '../compose.ts';
import { placeSpecialists } from '../placement/placement.ts';
import type { Specialist } from '../specialist.ts';
import { randomSpecialist, randomStatistics, TINY } from '../testing/tiny-model.ts';
import { solvePositiveDefinite } from './cholesky.ts';
import { domainDirection, dot, RIDGE } from './domain-direction.ts';
import { JOINT, jointRows } from './joint-rows.ts';
import { ridgeRows } from './ridge-rows.ts';
import { decodeRoutingStatistics, encodeRoutingStatistics } from './routing-statistics.ts';
import { spareRow } from './spare-row.ts';

const base = {
  config: TINY,
  parameters: initializeParameters(TINY, new SeededRandom(new Uint8Array(32).fill(1))),
};
const statistics = randomStatistics('base');
const baseStatistics = new Map([
  ['general', statistics],
  ['a', randomStatistics('text like that of a')],
]);
const [a, b, c] = (
  [
    ['a', [0, 1]],
    ['b', [1, 2]],
    ['c', [0, 3]],
  ] as const
).map(([id, experts]) =>
  randomSpecialist(
    base,
    'hash',
    id,
    id,
    new Map([
      [1, experts],
      [2, experts],
    ]),
  ),
) as [Specialist, Specialist, Specialist];
const { hiddenSize, experts } = TINY;

/** Router rows that each specialist's added experts get, by layer, and the base's. */
function rowsOf(specialists: readonly Specialist[]): Map<string, Float32Array> {
  const placement = placeSpecialists(specialists, TINY, 'added', 1);
  const model = buildComposition(base, specialists, placement, ridgeRows(base, baseStatistics, specialists));
  const rows = new Map<string, Float32Array>();
  for (let layer = 0; layer < TINY.layers; layer++) {
    const all = floats(model.parameters.get(layerPrefix(layer) + LAYER.router)!);
    placement.layers[layer]!.forEach((slot, index) => {
      const owner = 'specialist' in slot ? slot.specialist : slot.kind;
      const row = all.slice(index * hiddenSize, (index + 1) * hiddenSize);
      rows.set(`${layer} ${owner} ${slot.expert}`, row);
    });
  }
  return rows;
}

describe('ridge rows', () => {
  test.each([
    ['added after', [a, b, c]],
    ['added before', [c, a, b]],
    ['removed', [a]],
  ])('a specialist %s changes no other row, bit for bit', (_, changed) => {
    const before = rowsOf([a, b]);
    const after = rowsOf(changed);
    let compared = 0;
    for (const [key, row] of before) {
      if (!after.has(key)) continue;
      expect(after.get(key), key).toEqual(row);
      compared += 1;
    }
    expect(compared).toBeGreaterThanOrEqual(3 * experts + 2 * 3);
  });

  test("the base's rows are its own, bit for bit", () => {
    const rows = rowsOf([a, b, c]);
    for (let layer = 0; layer < TINY.layers; layer++) {
      const native = floats(base.parameters.get(layerPrefix(layer) + LAYER.router)!);
      for (let expert = 0; expert < experts; expert++) {
        const own = native.slice(expert * hiddenSize, (expert + 1) * hiddenSize);
        expect(rows.get(`${layer} base ${expert}`)).toEqual(own);
      }
    }
  });

  test('among what one specialist adds, logits differ as those of the base', () => {
    const rows = rowsOf([a]);
    const h = Float32Array.from({ length: hiddenSize }, (_, i) => Math.sin(i));
    const logit = (key: string) => dot(rows.get(key)!, h);
    const native = logit('1 base 0') - logit('1 base 1');
    expect(logit('1 a 0') - logit('1 a 1')).toBeCloseTo(native, 5);
  });

  test("a specialist's text scores above, the base's below", () => {
    const native = floats(base.parameters.get(`${layerPrefix(1)}${LAYER.router}`)!);
    const own = a.statistics.layers[1]!;
    const direction = domainDirection(statistics.layers[1]!, own, native, RIDGE);
    expect(dot(direction, own.mean)).toBeGreaterThan(0);
    expect(dot(direction, statistics.layers[1]!.mean)).toBeLessThan(0);
  });

  test('joint rows tell specialists from each other, alone they are those of its own regression', () => {
    const slot = { kind: 'trained', specialist: 'b', expert: 1 } as const;
    const row = (rows: RowOf) => Array.from(rows(1, slot));
    // No kind of general text is like that of b.
    const alone = row(jointRows(base, baseStatistics, [b]));
    expect(alone).toEqual(row(ridgeRows(base, baseStatistics, [b], JOINT)));
    const native = [...alone.keys()].map(
      (i) => floats(base.parameters.get(`${layerPrefix(1)}${LAYER.router}`)!)[hiddenSize + i]!,
    );
    // How b's direction scores the text of a, where its own text scores 1.
    const scoreOfA = (rows: RowOf) => {
      const direction = row(rows).map((value, i) => value - native[i]!);
      return dot(direction, a.statistics.layers[1]!.mean) / dot(direction, b.statistics.layers[1]!.mean);
    };
    const independent = scoreOfA(ridgeRows(base, baseStatistics, [a, b], JOINT));
    expect(scoreOfA(jointRows(base, baseStatistics, [a, b]))).toBeLessThan(independent);
  });

  test("a spare's logit is far below all others where every token has something in common", () => {
    const native = floats(base.parameters.get(`${layerPrefix(0)}${LAYER.router}`)!);
    const { mean } = statistics.layers[0]!;
    const spare = dot(spareRow(statistics.layers[0]!, native), mean);
    const others = Array.from({ length: experts }, (_, expert) =>
      dot(native.subarray(expert * hiddenSize, (expert + 1) * hiddenSize), mean),
    );
    expect(spare).toBeLessThan(Math.min(...others) - 1);
  });

  test('statistics come back as written; a missing, extra or misshapen tensor is refused by name', () => {
    const file = encodeRoutingStatistics(statistics);
    expect(decodeRoutingStatistics(file, TINY, 'file')).toEqual(statistics);
    const wrong = (change: object) => () => decodeRoutingStatistics(file, { ...TINY, ...change }, 'file');
    expect(wrong({ layers: 4 })).toThrow(/layers\.3\.moment is missing/);
    expect(wrong({ layers: 2 })).toThrow(/layers\.2\.\w+ does not belong/);
    expect(wrong({ experts: 5 })).toThrow(/layers\.0\.gates is \[4\], expected \[5\]/);
  });
});

test('a positive definite system is solved, another refused', () => {
  const matrix = Float64Array.of(4, 2, 2, 3);
  const [x, y] = solvePositiveDefinite(matrix, Float64Array.of(8, 7));
  expect(x).toBeCloseTo(1.25, 12);
  expect(y).toBeCloseTo(1.5, 12);
  expect(() => solvePositiveDefinite(Float64Array.of(1, 2, 2, 1), Float64Array.of(1, 1))).toThrow(/pivot 1/);
});
