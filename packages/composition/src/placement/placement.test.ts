import type { ExpertSet } from '@connito/model';
import { describe, expect, test } from 'vitest';
import { overlapShare, overlapsOf } from './overlaps.ts';
import { type Placeable, placeSpecialists } from './placement.ts';

const config = { layers: 3, experts: 4 };

/** A specialist whose text uses the experts of every layer in the order 3, 2, 1, 0. */
function placeable(id: string, experts: ExpertSet): Placeable {
  const gates = Float32Array.of(0.1, 0.2, 0.3, 0.4);
  const layer = { gates, mean: new Float32Array(0), moment: new Float32Array(0) };
  return { id, experts, statistics: { layers: [layer, layer, layer] } };
}

const code = placeable(
  'code',
  new Map([
    [1, [0, 1]],
    [2, [0, 1]],
  ]),
);
const law = placeable(
  'law',
  new Map([
    [1, [1, 2]],
    [2, [2, 3]],
  ]),
);
const math = placeable('math', new Map([[1, [3]]]));
const kindsOf = (layer: readonly { kind: string; expert: number }[]) =>
  layer.map(({ kind, expert }) => `${kind} ${expert}`);

describe('placement', () => {
  test('disjoint groups go in place, and nothing else moves', () => {
    const placement = placeSpecialists([code, math], config, 'auto', 'all');
    expect(placement).toMatchObject({ experts: 4, inPlace: ['code', 'math'], added: [] });
    expect(kindsOf(placement.layers[0]!)).toEqual(['base 0', 'base 1', 'base 2', 'base 3']);
    expect(kindsOf(placement.layers[1]!)).toEqual(['trained 0', 'trained 1', 'base 2', 'trained 3']);
  });

  test('only the packages that overlap are added, with the base left as it is beside them', () => {
    const placement = placeSpecialists([code, law, math], config, 'auto', 0);
    expect(placement).toMatchObject({ experts: 8, inPlace: ['math'], added: ['code', 'law'] });
    expect(kindsOf(placement.layers[1]!)).toEqual([
      ...['base 0', 'base 1', 'base 2', 'trained 3'],
      ...['trained 0', 'trained 1', 'trained 1', 'trained 2'],
    ]);
  });

  test('a layer that a package did not train gets spares, so that all layers have equally many', () => {
    const placement = placeSpecialists([code, law], config, 'auto', 1);
    expect(placement.layers.map((layer) => layer.length)).toEqual([10, 10, 10]);
    expect(kindsOf(placement.layers[0]!.slice(4, 7))).toEqual(['spare 3', 'spare 2', 'spare 1']);
  });

  test('companions are what the domain uses most, and even out unequal groups', () => {
    const uneven = placeable(
      'uneven',
      new Map([
        [0, [3]],
        [1, [0, 1]],
        [2, [2]],
      ]),
    );
    const placement = placeSpecialists([uneven], config, 'added', 1);
    expect(placement.layers.map((layer) => kindsOf(layer.slice(4)))).toEqual([
      ['trained 3', 'companion 1', 'companion 2'],
      ['trained 0', 'trained 1', 'companion 3'],
      ['trained 2', 'companion 1', 'companion 3'],
    ]);
  });

  test('with all companions a package adds as many experts as the base has', () => {
    expect(placeSpecialists([code], config, 'added', 'all').experts).toBe(8);
  });

  test('where a package comes in the list does not change what the others get', () => {
    const one = placeSpecialists([code, law], config, 'added', 1).layers[2]!;
    const other = placeSpecialists([law, code], config, 'added', 1).layers[2]!;
    expect(other.slice(7)).toEqual(one.slice(4, 7));
  });

  test('overlaps are refused in place, naming tensor and packages', () => {
    expect(() => placeSpecialists([code, law], config, 'in-place', 0)).toThrow(
      /model\.layers\.1\.mlp\.experts\.1\.gate_proj\.weight \(code and law\)/,
    );
  });

  test('a package given twice is refused', () => {
    expect(() => placeSpecialists([code, code], config, 'added', 0)).toThrow(/code is given twice/);
  });
});

test('overlaps and their share are found by layer and expert', () => {
  expect(overlapsOf([code, law, math])).toEqual([{ layer: 1, expert: 1, specialists: ['code', 'law'] }]);
  expect(overlapShare(code.experts, law.experts)).toBe(0.25);
  expect(overlapShare(code.experts, math.experts)).toBe(0);
});
