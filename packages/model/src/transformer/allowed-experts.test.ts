import { fileURLToPath } from 'node:url';
import { type Backend, floats, onnxBackend, referenceBackend } from '@connito/engine';
import { describe, expect, test } from 'vitest';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import type { ExpertSet } from '../parameters.ts';
import { ForwardPass } from './forward-pass.ts';

const SHAPE = { sequences: 2, tokens: 8 };
const inputs = Int32Array.from({ length: 16 }, (_, i) => (i * 7) % 32);
const targets = Int32Array.from({ length: 16 }, (_, i) => (i * 5 + 1) % 32);
const onnx = onnxBackend({ threads: 1 });

async function open(variant: string, backend: Backend = onnx) {
  const folder = fileURLToPath(new URL(`../fixtures/${variant}`, import.meta.url));
  const { config, parameters } = await loadCheckpoint(folder);
  const pass = await ForwardPass.create(backend, config, SHAPE);
  const gates = new Map<number, Float32Array>();
  const losses = async (allowed?: ExpertSet): Promise<Float32Array> => {
    const options = allowed === undefined ? {} : { allowed };
    const observe = (layer: number, chosen: Float32Array) => gates.set(layer, chosen.slice());
    const hidden = await pass.layers(parameters, pass.embed(parameters, inputs), 0, config.layers, {
      ...options,
      observe,
    });
    return pass.losses(parameters, hidden, targets);
  };
  return { config, parameters, pass, losses, gates };
}

describe.each(['qwen3-moe-tiny', 'qwen3-moe-tiny-unnormalised'])('allowed experts of %s', (variant) => {
  test('give the same sub-model on both backends', async () => {
    const allowed = new Map([[1, [0, 2]]]);
    const fast = await (await open(variant)).losses(allowed);
    const slow = await (await open(variant, referenceBackend)).losses(allowed);
    fast.forEach((loss, i) => {
      expect(Math.abs(loss - slow[i]!), `row ${i}`).toBeLessThan(2e-5);
    });
  });

  test('are the only ones chosen, in the layers named', async () => {
    const { config, losses, gates } = await open(variant);
    const native = await losses();
    const free = gates.get(0)!;
    expect(await losses(new Map([[1, [0, 2]]]))).not.toEqual(native);
    expect(gates.get(0)).toEqual(free);
    gates.get(1)!.forEach((gate, i) => {
      if (![0, 2].includes(i % config.experts)) expect(gate).toBe(0);
    });
  });

  test('share the whole gate where fewer are left than a token uses', async () => {
    const { config, losses, gates } = await open(variant);
    await losses(new Map([[0, [1]]]));
    gates.get(0)!.forEach((gate, i) => {
      expect(gate).toBe(i % config.experts === 1 ? 1 : 0);
    });
  });

  test('change nothing where all are allowed', async () => {
    const { config, losses } = await open(variant);
    const all = Array.from({ length: config.experts }, (_, expert) => expert);
    expect(await losses(new Map([[0, all]]))).toEqual(await losses());
  });

  test('may be resumed between attention and experts without changing a bit', async () => {
    const { config, parameters, pass } = await open(variant);
    const embedded = pass.embed(parameters, inputs);
    const whole = await pass.layers(parameters, embedded, 0, config.layers);
    const attended = await pass.attend(parameters, embedded, 0);
    const resumed = await pass.layers(parameters, attended, 0, config.layers, { attended: true });
    expect(floats(resumed)).toEqual(floats(whole));
  });
});

test.each([
  ['no expert', 0, []],
  ['an expert the model lacks', 0, [99]],
  ['a layer the model lacks', 9, [0]],
])('allowing %s is an error that names the layer', async (_, layer, experts) => {
  const { losses } = await open('qwen3-moe-tiny');
  await expect(losses(new Map([[layer, experts]]))).rejects.toThrow(`layer ${layer}`);
});
