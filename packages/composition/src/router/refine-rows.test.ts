import { floats, onnxBackend } from '@connito/engine';
import { type Checkpoint, initializeParameters, LAYER, layerPrefix } from '@connito/model';
import { SeededRandom } from '@connito/protocol';
import { afterAll, expect, test } from 'vitest';
import { buildComposition } from '../compose.ts';
import { Measurer } from '../measure/loss-table.ts';
import { placeSpecialists } from '../placement/placement.ts';
import { randomSequences, randomSpecialist, randomStatistics, TINY } from '../testing/tiny-model.ts';
import { allowancesOf, sharesOf, weightsOf } from './allowances.ts';
import { refineRows } from './refine-rows.ts';
import { ridgeRows } from './ridge-rows.ts';

const backend = onnxBackend({ threads: 1 });
const base = {
  config: TINY,
  parameters: initializeParameters(TINY, new SeededRandom(new Uint8Array(32).fill(1))),
};
const trained = new Map([
  [1, [0, 1]],
  [2, [0, 1]],
]);
const specialists = ['code', 'law'].map((id) => randomSpecialist(base, 'hash', id, id, trained));
const placement = placeSpecialists(specialists, TINY, 'added', 'all');
const statistics = new Map([['prose', randomStatistics('prose')]]);
const model = buildComposition(base, specialists, placement, ridgeRows(base, statistics, specialists));
const text = randomSequences('text', 4, 12);
const texts = new Map([['text', text]]);
const weights = new Map([['text', 1]]);
const measurer = new Measurer(backend, texts);
const lossOf = async (of: Checkpoint): Promise<number> => (await measurer.losses(of)).get('text')!;
afterAll(() => measurer[Symbol.asyncDispose]());

const options = {
  firstRow: TINY.experts,
  layers: [1, 2],
  steps: 6,
  sequences: 4,
  learningRate: 0.02,
  checkEvery: 2,
};
const rowsOf = ({ parameters }: Checkpoint, layer: number) =>
  floats(parameters.get(layerPrefix(layer) + LAYER.router)!);

test('lowers the loss by rows of added experts alone', async () => {
  const before = await lossOf(model);
  const scored: number[] = [];
  const refined = await refineRows(backend, model, texts, options, async (of, step) => {
    scored.push(step);
    return { worst: await lossOf(of), weights };
  });
  expect(scored).toEqual([0, 2, 4, 6]);
  expect(refined.step).toBeGreaterThan(0);
  expect(await lossOf(refined.model)).toBeLessThan(before - 1e-4);

  const native = TINY.experts * TINY.hiddenSize;
  for (const layer of options.layers) {
    const [was, is] = [rowsOf(model, layer), rowsOf(refined.model, layer)];
    expect(is.slice(0, native)).toEqual(was.slice(0, native));
    expect(is.slice(native)).not.toEqual(was.slice(native));
  }
  const changed = [...model.parameters.keys()].filter(
    (name) => refined.model.parameters.get(name) !== model.parameters.get(name),
  );
  expect(changed).toEqual(options.layers.map((layer) => layerPrefix(layer) + LAYER.router));
});

test('returns what scored best, and the model as it was where no step was better', async () => {
  const at = (best: number) =>
    refineRows(backend, model, texts, options, async (_, step) => ({
      worst: Math.abs(step - best),
      weights,
    }));
  expect((await at(0)).model).toBe(model);
  const [second, last] = [await at(2), await at(6)];
  expect([second.step, last.step]).toEqual([2, 6]);
  expect(rowsOf(second.model, 1)).not.toEqual(rowsOf(last.model, 1));
});

test('allowances: a share of the gain on a domain that has a specialist, of the loss elsewhere', () => {
  const losses = (code: number, prose: number) =>
    new Map([
      ['code', code],
      ['prose', prose],
    ]);
  const allowances = allowancesOf({ base: losses(5, 4), alone: new Map([['code', losses(4, 4.1)]]) }, [
    specialists[0]!,
  ]);
  const sharesAt = (code: number, prose: number) => [...sharesOf(losses(code, prose), allowances).values()];
  const [spent, over] = [sharesAt(4.05, 4), sharesAt(4, 4.04)];
  expect(spent[0]).toBeCloseTo(1, 9);
  expect(spent[1]).toBe(0);
  expect(over[1]).toBeCloseTo(2, 9);
  expect(Math.max(...sharesAt(3.9, 3.9))).toBeLessThan(0);
});

test('weights are those of the gradient of the smooth maximum of shares', () => {
  const allowances = new Map([
    ['code', { aim: 4, allowed: 0.05 }],
    ['prose', { aim: 4, allowed: 0.02 }],
  ]);
  const maximum = (code: number, prose: number) => {
    const losses = new Map([
      ['code', code],
      ['prose', prose],
    ]);
    const exponentials = [...sharesOf(losses, allowances).values()].map(Math.exp);
    return Math.log(exponentials.reduce((sum, value) => sum + value, 0));
  };
  const [code, prose, d] = [4.06, 4.01, 1e-6];
  const slopes = [
    (maximum(code + d, prose) - maximum(code - d, prose)) / (2 * d),
    (maximum(code, prose + d) - maximum(code, prose - d)) / (2 * d),
  ];
  const shares = new Map([
    ['code', 1.2],
    ['prose', 0.5],
  ]);
  const weights = [...weightsOf(shares, allowances).values()];
  expect(weights[0]! + weights[1]!).toBeCloseTo(1, 12);
  expect(weights[0]! / weights[1]!).toBeCloseTo(slopes[0]! / slopes[1]!, 5);
});
