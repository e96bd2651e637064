import { fileURLToPath } from 'node:url';
import { floats, onnxBackend } from '@connito/engine';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Checkpoint, loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { expertParameterNames, parameterShapes } from '../parameters.ts';
import type { Rematerialization } from '../transformer/layer-graphs.ts';
import { GradientPass } from './gradient-pass.ts';
import { innerSteps } from './inner-steps.ts';

const TINY = fileURLToPath(new URL('../fixtures/qwen3-moe-tiny', import.meta.url));
const SHAPE = { sequences: 2, tokens: 11 };
const GROUP = new Map([[1, [0, 2]]]);
const OPTIONS = {
  learningRate: 0.01,
  warmupSteps: 2,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 1,
};
const backend = onnxBackend({ threads: 1 });

let checkpoint: Checkpoint;
beforeAll(async () => {
  checkpoint = await loadCheckpoint(TINY);
});

function batch(seed: number): Int32Array {
  return Int32Array.from(
    { length: SHAPE.sequences * (SHAPE.tokens + 1) },
    (_, i) => (i * 7 + seed * 13) % 32,
  );
}

function passFor(
  trained: ReadonlySet<string>,
  rematerialization: Rematerialization = 'keep',
): Promise<GradientPass> {
  return GradientPass.create(backend, checkpoint.config, {
    shape: SHAPE,
    trained,
    rematerialization,
    balanceWeight: 0,
  });
}

describe('expert-sparse gradients', () => {
  test.each<Rematerialization>(['keep', 'recompute'])(
    'equal the dense gradients of the same experts (%s)',
    async (mode) => {
      const names = new Set(expertParameterNames(GROUP));
      const dense = await passFor(new Set(parameterShapes(checkpoint.config).keys()));
      const sparse = await passFor(names, mode);
      const inputs = batch(1).subarray(0, 22);
      const targets = batch(2).subarray(0, 22);
      const a = await dense.run(checkpoint.parameters, inputs, targets);
      const b = await sparse.run(checkpoint.parameters, inputs, targets);
      expect(b.loss).toBeCloseTo(a.loss, 6);
      expect(new Set(sparse.gradients.keys())).toEqual(names);
      for (const name of names) {
        const expected = floats(dense.gradients.get(name)!);
        floats(sparse.gradients.get(name)!).forEach((value, i) => {
          expect(Math.abs(value - expected[i]!), `${name}[${i}]`).toBeLessThan(1e-6);
        });
      }
    },
  );

  test('a parameter that the model does not have is refused by name', async () => {
    await expect(passFor(new Set(['model.layers.9.mlp.gate.weight']))).rejects.toThrow(/layers\.9/);
  });
});

describe('inner steps', () => {
  test('lower the training loss, move the group and leave everything else alone', async () => {
    const before = new Map([...checkpoint.parameters].map(([name, value]) => [name, floats(value).slice()]));
    const pass = await passFor(new Set(expertParameterNames(GROUP)));
    const repeated = Array.from({ length: 12 }, () => batch(1));
    const { delta, losses, trainedTokens } = await innerSteps(pass, checkpoint.parameters, repeated, OPTIONS);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    expect(trainedTokens).toBe(12 * 22);
    expect([...delta.keys()].sort()).toEqual(expertParameterNames(GROUP).sort());
    expect([...delta.values()].some((value) => floats(value).some((x) => x !== 0))).toBe(true);
    for (const [name, values] of before) expect(floats(checkpoint.parameters.get(name)!)).toEqual(values);
  });

  test('two runs give the same bytes', async () => {
    const pass = await passFor(new Set(expertParameterNames(GROUP)));
    const batches = [batch(1), batch(2), batch(3)];
    const first = await innerSteps(pass, checkpoint.parameters, batches, OPTIONS);
    const second = await innerSteps(pass, checkpoint.parameters, batches, OPTIONS);
    expect(second).toEqual(first);
  });

  test('a diverging step is an error, not a broken delta', async () => {
    const pass = await passFor(new Set(expertParameterNames(GROUP)));
    const huge = { ...OPTIONS, learningRate: 1e30, warmupSteps: 0 };
    const batches = Array.from({ length: 6 }, () => batch(1));
    await expect(innerSteps(pass, checkpoint.parameters, batches, huge)).rejects.toMatchObject({
      code: 'non_finite_loss',
    });
  });

  test('stop between steps when asked to', async () => {
    const pass = await passFor(new Set(expertParameterNames(GROUP)));
    const stop = new AbortController();
    const steps: number[] = [];
    const onStep = (step: number): void => {
      steps.push(step);
      if (step === 2) stop.abort(new Error('asked to stop'));
    };
    const batches = Array.from({ length: 5 }, () => batch(1));
    const running = innerSteps(pass, checkpoint.parameters, batches, OPTIONS, onStep, stop.signal);
    await expect(running).rejects.toThrow('asked to stop');
    expect(steps).toEqual([1, 2]);
  });
});
