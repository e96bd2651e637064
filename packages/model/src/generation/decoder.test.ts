import { fileURLToPath } from 'node:url';
import { type Backend, onnxBackend, referenceBackend } from '@connito/engine';
import { describe, expect, test } from 'vitest';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { ForwardPass } from '../transformer/forward-pass.ts';
import { Decoder } from './decoder.ts';
import { expertMask } from './expert-mask.ts';
import { KeyValueCache } from './key-value-cache.ts';

/** Single precision, with norms folded into matrices, against the graphs that training uses. */
const TOLERANCE = 5e-5;
const onnx = onnxBackend({ threads: 1 });
const variants = ['qwen3-moe-tiny', 'qwen3-moe-tiny-unnormalised', 'qwen3-moe-tiny-untied'];
const TOKENS = Int32Array.from({ length: 8 }, (_, i) => (i * 7 + 3) % 32);

async function open(variant: string, backend: Backend = onnx) {
  const folder = fileURLToPath(new URL(`../fixtures/${variant}`, import.meta.url));
  const checkpoint = await loadCheckpoint(folder);
  const { parameters } = checkpoint;
  // Rotary positions have no end: a longer context needs no other parameters.
  const config = { ...checkpoint.config, contextSize: 128 };
  return { config, parameters, decoder: await Decoder.create(backend, config, parameters) };
}

/** Loss in nats of `target` under a row of logits. */
function lossOf(logits: Float32Array, target: number): number {
  const max = Math.max(...logits);
  return max + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - max), 0)) - logits[target]!;
}

async function lossesByDecoding(decoder: Decoder, prefilled: number, mask: Float32Array | null = null) {
  const cache = new KeyValueCache(decoder.config);
  cache.addRow();
  const losses: number[] = [];
  let { logits } = await decoder.prefill(cache, 0, TOKENS.subarray(0, prefilled), mask);
  for (let i = prefilled; i < TOKENS.length; i++) {
    losses.push(lossOf(logits, TOKENS[i]!));
    ({ logits } = await decoder.decode(cache, TOKENS.subarray(i, i + 1), [mask]));
  }
  return losses;
}

async function lossesOfForwardPass({ config, parameters }: Awaited<ReturnType<typeof open>>) {
  const pass = await ForwardPass.create(onnx, config, { sequences: 1, tokens: 7 });
  const hidden = await pass.layers(parameters, pass.embed(parameters, TOKENS.slice(0, 7)), 0, config.layers);
  const losses = await pass.losses(parameters, hidden, TOKENS.slice(1));
  await pass.dispose();
  return losses;
}

describe.each(variants)('decoding %s', (variant) => {
  test.each([
    ['onnx', onnx],
    ['reference', referenceBackend],
  ] as const)('agrees with the forward pass, on the %s backend', async (_, backend) => {
    const model = await open(variant, backend);
    const expected = await lossesOfForwardPass(model);
    for (const prefilled of [1, 4]) {
      const losses = await lossesByDecoding(model.decoder, prefilled);
      losses.forEach((loss, i) => {
        expect(Math.abs(loss - expected[prefilled - 1 + i]!), `token ${i}`).toBeLessThan(TOLERANCE);
      });
    }
  });

  test('uses allowed experts only, and names those it used', async () => {
    const { config, decoder } = await open(variant);
    const cache = new KeyValueCache(config);
    cache.addRow();
    const allow = new Map([[1, [0, 2]]]);
    const step = await decoder.prefill(cache, 0, TOKENS, expertMask(config, { allow }));
    const { expertsPerToken: k, layers } = config;
    for (let token = 0; token < TOKENS.length; token++) {
      const at = (token * layers + 1) * k;
      expect([...step.chosen.subarray(at, at + 2)].map(Number).sort()).toEqual([0, 2]);
    }
    const free = await lossesByDecoding(decoder, 4);
    expect(await lossesByDecoding(decoder, 4, expertMask(config, { allow }))).not.toEqual(free);
    expect(await lossesByDecoding(decoder, 4, expertMask(config, {}))).toEqual(free);
  });
});

test('sequences of different lengths in one batch do not change each other', async () => {
  const { config, decoder } = await open('qwen3-moe-tiny');
  const prompts = [TOKENS.slice(0, 2), TOKENS.slice(1, 7), TOKENS.slice(3, 4)];
  const next = Int32Array.of(5, 6, 7);
  const cache = new KeyValueCache(config);
  for (const prompt of prompts) await decoder.prefill(cache, cache.addRow(), prompt);
  const together = await decoder.decode(cache, next);
  for (const [row, prompt] of prompts.entries()) {
    const alone = new KeyValueCache(config);
    await decoder.prefill(alone, alone.addRow(), prompt);
    const { logits } = await decoder.decode(alone, next.subarray(row, row + 1));
    const batched = together.logits.subarray(row * config.vocabularySize, (row + 1) * config.vocabularySize);
    logits.forEach((logit, i) => {
      expect(Math.abs(logit - batched[i]!)).toBeLessThan(TOLERANCE);
    });
  }
});

test('a cache keeps what its rows hold while it grows, shrinks and rows move', async () => {
  const { config, decoder } = await open('qwen3-moe-tiny');
  const cache = new KeyValueCache(config);
  const long = Int32Array.from({ length: 70 }, (_, i) => (i * 5) % 32);
  await decoder.prefill(cache, cache.addRow(), long);
  for (let i = 0; i < 6; i++) await decoder.prefill(cache, cache.addRow(), TOKENS.subarray(0, i + 1));
  const moved = new KeyValueCache(config);
  moved.adopt(cache, 3);
  const expected = await decoder.decode(moved, Int32Array.of(9));
  const bytes = cache.sizeBytes;
  for (const row of [0, 1, 1, 1, 0]) cache.removeRow(row);
  expect(cache.rows).toBe(2);
  expect(cache.sizeBytes).toBeLessThan(bytes / 2);
  const row = [0, 1].find((each) => cache.length(each) === 3)!;
  const { logits } = await decoder.decode(cache, Int32Array.of(9, 9));
  const width = config.vocabularySize;
  expected.logits.forEach((logit, i) => {
    expect(Math.abs(logit - logits[row * width + i]!)).toBeLessThan(TOLERANCE);
  });
});

test.each([
  ['an expert the model lacks', { deny: new Map([[0, [99]]]) }],
  ['a layer the model lacks', { allow: new Map([[9, [0]]]) }],
  ['all experts of a layer', { deny: new Map([[0, Array.from({ length: 8 }, (_, i) => i)]]) }],
])('denying %s is an error that names the layer', async (_, restriction) => {
  const { config } = await open('qwen3-moe-tiny');
  expect(() => expertMask({ ...config, experts: 8 }, restriction)).toThrow(/layer [09]/);
});
