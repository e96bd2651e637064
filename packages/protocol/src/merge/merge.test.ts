import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExpertGroupId, Uid } from '../brand.ts';
import { concatBytes } from '../encoding/bytes.ts';
import { sha256Hex } from '../encoding/hash.ts';
import vectors from '../fixtures/merge.json' with { type: 'json' };
import ruleVectors from '../fixtures/merge-rules.json' with { type: 'json' };
import { groupOf, groupTensors } from '../tensor/expert-tensors.ts';
import type { GroupState } from '../tensor/state-document.ts';
import { float32Bytes, sortedNames, type TensorMap } from '../tensor/tensor.ts';
import { exampleRun, randomTensors, seedOf } from '../testing/example-run.ts';
import { type AcceptedUpdate, clipFactors, mergeDelta, normOf } from './merge-delta.ts';
import type { MergeRuleKind } from './merge-rule.ts';
import { outerStep } from './outer-step.ts';
import { selectUpdates } from './select-updates.ts';

const definition = exampleRun();
const parameters = definition.merge;
const specs = groupTensors(groupOf(definition, 'law' as ExpertGroupId), definition.baseModel.architecture);
const RULES: readonly MergeRuleKind[] = [
  'weighted-mean',
  'coordinate-median',
  'trimmed-mean',
  'krum',
  'multi-krum',
  'centred-clipping',
];
const wide = { ...parameters, maxNormRatio: '1000000000' };

const updates: readonly AcceptedUpdate[] = [3, 1, 7, 4, 9].map((uid) => ({
  uid: uid as Uid,
  scoreNanoNats: 1_000_000 * uid + 1,
  delta: randomTensors(specs, `update ${uid}`, 0.001 * uid),
}));
const state: GroupState = {
  parameters: randomTensors(specs, 'theta', 0.02),
  momentum: randomTensors(specs, 'velocity', 0.001),
};

function hashOf(tensors: TensorMap): string {
  return sha256Hex(
    concatBytes(sortedNames(tensors.keys()).map((name) => float32Bytes(tensors.get(name)!.data))),
  );
}

function tensorsOf(values: Readonly<Record<string, readonly number[]>>): TensorMap {
  return new Map(
    Object.entries(values).map(([name, data]) => [
      name,
      { shape: [data.length], data: Float32Array.from(data) },
    ]),
  );
}

function single(...values: number[]): TensorMap {
  return new Map([['w', { shape: [values.length], data: Float32Array.from(values) }]]);
}

const one = { ...wide, clipNormFactor: '1000' };
const base = single(1);

describe('merge', () => {
  it.each(RULES)('%s gives the bytes of the test vector, in any order of updates', (rule) => {
    const merged = mergeDelta(updates, state.parameters, { ...wide, rule });
    expect(hashOf(merged)).toBe(vectors.merged[rule]);
    const reversed = mergeDelta([...updates].reverse(), state.parameters, { ...wide, rule });
    expect(hashOf(reversed)).toBe(vectors.merged[rule]);
  });

  describe.each(ruleVectors.cases)('of $name', ({ updates: rows, scores, merged }) => {
    it.each(RULES)('%s agrees with an independent implementation', (rule) => {
      const { clipNormFactor, maxNormRatio, hostileFraction, tolerance } = ruleVectors;
      const accepted = rows.map((update, uid) => ({
        ...{ uid: uid as Uid, scoreNanoNats: scores[uid]! },
        delta: tensorsOf(update),
      }));
      const rules = { ...parameters, clipNormFactor, maxNormRatio, hostileFraction, rule };
      const result = mergeDelta(accepted, tensorsOf(ruleVectors.base), rules);
      const values = ['a', 'b'].flatMap((name) => [...result.get(name)!.data]);
      for (const [k, value] of values.entries()) {
        const expected = merged[rule][k]!;
        expect(Math.abs(value - expected)).toBeLessThanOrEqual(
          tolerance[rule] * Math.abs(expected) + 1e-44 * Number(tolerance[rule] > 0),
        );
      }
    });
  });

  it('weighs by score', () => {
    const delta = mergeDelta(
      [
        { uid: 1 as Uid, scoreNanoNats: 3, delta: single(1, 0) },
        { uid: 2 as Uid, scoreNanoNats: 1, delta: single(0, 1) },
      ],
      single(1, 1),
      one,
    );
    expect([...delta.get('w')!.data]).toEqual([0.75, 0.25]);
  });

  it('shortens a huge update to the stated multiple of the median norm', () => {
    const merged = mergeDelta(
      [1, 2, 3].map((uid) => ({ uid: uid as Uid, scoreNanoNats: 1, delta: single(uid === 3 ? 1e6 : 1) })),
      base,
      { ...wide, clipNormFactor: '2' },
    );
    expect(merged.get('w')!.data[0]).toBeCloseTo(4 / 3, 5);
    expect(clipFactors([1, 1, 0.5, 8], 2)).toEqual([1, 1, 1, 0.25]);
  });

  it('robust rules ignore a minority of outliers', () => {
    const column = [1, 2, 3, 4, 1000].map((value, uid) => ({
      uid: uid as Uid,
      scoreNanoNats: uid === 4 ? 1000 : 1,
      delta: single(value),
    }));
    expect(mergeDelta(column, base, { ...one, rule: 'coordinate-median' }).get('w')!.data[0]).toBe(3);
    expect(mergeDelta(column, base, { ...one, rule: 'trimmed-mean' }).get('w')!.data[0]).toBe(3);
    const even = column.slice(0, 4);
    expect(mergeDelta(even, base, { ...one, rule: 'coordinate-median' }).get('w')!.data[0]).toBe(2.5);
  });

  it.each(['krum', 'multi-krum', 'centred-clipping'] as const)(
    '%s lets one arbitrary update of ten move the result by less than the honest differ',
    (rule) => {
      const hostile = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
        minLength: 4,
        maxLength: 4,
      });
      fc.assert(
        fc.property(hostile, fc.integer({ min: 0, max: 9 }), (values, place) => {
          const column = Array.from({ length: 10 }, (_, i) => ({
            ...{ uid: i as Uid, scoreNanoNats: 1 },
            delta: i === place ? single(...values) : single(1, 1 + i / 100, 1 - i / 100, 1),
          }));
          const merged = mergeDelta(column, single(100, 100, 100, 100), { ...parameters, rule });
          const centre = [1, 1.045, 0.955, 1];
          const distance = Math.hypot(...merged.get('w')!.data.map((value, k) => value - centre[k]!));
          // The honest ones are at most 0.064 from their mean. Clipping limits the stranger to twice the median norm,
          // and centred clipping moves by a tenth of the median distance in each of its steps at most.
          expect(distance).toBeLessThan(rule === 'centred-clipping' ? 0.35 : 0.1);
        }),
        { numRuns: 200 },
      );
    },
  );

  it('a lone update of huge values in one neuron is shortened, and the outer step stays finite', () => {
    const start: GroupState = { parameters: single(1, -1, 0.5), momentum: single(0, 0, 0) };
    const lone = { uid: 1 as Uid, scoreNanoNats: 1, delta: single(3.4e38, 0.1, 0.1) };
    const merged = mergeDelta([lone], start.parameters, parameters);
    expect(normOf(merged)).toBeCloseTo(0.25 * normOf(start.parameters), 5);
    expect(() => outerStep(start, merged, '1', parameters)).not.toThrow();
  });

  it('refuses deltas of other tensors or that are not finite', () => {
    const [first] = updates;
    expect(() => mergeDelta([first!, { ...first!, delta: single(1) }], state.parameters, parameters)).toThrow(
      'Expected 9 tensors',
    );
    expect(() => mergeDelta([{ ...first!, delta: single(Number.NaN) }], base, parameters)).toThrow('NaN');
    expect(() => mergeDelta([], base, parameters)).toThrow('nothing');
  });

  it('sums norms over all tensors', () => {
    expect(normOf(new Map([...single(3), ['v', { shape: [1], data: Float32Array.of(4) }]]))).toBe(5);
  });
});

describe('selection', () => {
  const of = (uid: number, scoreNanoNats: number) => ({
    uid: uid as Uid,
    hotkey: `key ${uid}`,
    scoreNanoNats,
  });

  it('takes the highest positive scores and returns them in uid order', () => {
    const selected = selectUpdates([of(5, 10), of(1, 0), of(2, 30), of(4, 20), of(3, 10)], 2, seedOf('tie'));
    expect(selected.map(({ uid }) => uid)).toEqual([2, 4]);
  });

  it('breaks ties by the seed, never by uid', () => {
    const firsts = new Set<number>();
    for (let i = 0; i < 20; i++) {
      firsts.add(selectUpdates([of(1, 10), of(2, 10)], 1, seedOf(`tie ${i}`))[0]!.uid);
    }
    expect(firsts.size).toBe(2);
  });
});

describe('outer step', () => {
  it('gives the bytes of the test vector', () => {
    const delta = mergeDelta(updates, state.parameters, wide);
    for (const [scale, expected] of Object.entries(vectors.stepped)) {
      const next = outerStep(state, delta, scale, parameters);
      expect({ parameters: hashOf(next.parameters), momentum: hashOf(next.momentum) }).toEqual(expected);
    }
  });

  it('is Nesterov SGD as PyTorch defines it', () => {
    const start: GroupState = { parameters: single(1), momentum: single(0.5) };
    // g = −0.25, v = 0.5·0.5 − 0.25 = 0, θ = 1 − 0.5·(−0.25 + 0.5·0) = 1.125.
    const plain = { ...parameters, outerLearningRate: '0.5', outerMomentum: '0.5' };
    const next = outerStep(start, single(0.25), '1', plain);
    expect(next.momentum.get('w')!.data[0]).toBe(0);
    expect(next.parameters.get('w')!.data[0]).toBe(1.125);
  });

  it('moves along the delta by the step scale', () => {
    const start: GroupState = { parameters: single(1), momentum: single(0) };
    const plain = { ...parameters, outerLearningRate: '1', outerMomentum: '0' };
    expect(outerStep(start, single(0.5), '1', plain).parameters.get('w')!.data[0]).toBe(1.5);
    expect(outerStep(start, single(0.5), '0.25', plain).parameters.get('w')!.data[0]).toBe(1.125);
  });

  it('of scale zero keeps the parameters and clears the momentum', () => {
    const next = outerStep(state, mergeDelta(updates, state.parameters, parameters), null, parameters);
    expect(hashOf(next.parameters)).toBe(hashOf(state.parameters));
    for (const { data } of next.momentum.values()) expect(data.every((value) => value === 0)).toBe(true);
  });

  it('stays in float32 after every operation', () => {
    const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 });
    fc.assert(
      fc.property(value, value, value, (theta, velocity, delta) => {
        const f = Math.fround;
        const [lr, mu] = [f(0.7), f(0.9)];
        const v = f(f(mu * velocity) + -delta);
        const expected = f(theta - f(lr * f(-delta + f(mu * v))));
        const next = outerStep(
          { parameters: single(theta), momentum: single(velocity) },
          single(delta),
          '1',
          parameters,
        );
        expect(next.parameters.get('w')!.data[0]).toBe(expected);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses to overflow', () => {
    const start: GroupState = { parameters: single(3e38), momentum: single(0) };
    expect(() => outerStep(start, single(3e38), '1', parameters)).toThrow('Infinity');
  });
});
