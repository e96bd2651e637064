import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Backend, floats, onnxBackend, referenceBackend } from '@connito/engine';
import { describe, expect, test } from 'vitest';
import { type Checkpoint, loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { parameterShapes } from '../parameters.ts';
import { GradientPass } from '../training/gradient-pass.ts';
import { ForwardPass } from './forward-pass.ts';
import type { Rematerialization } from './layer-graphs.ts';

type Golden = {
  readonly tokens: readonly number[][];
  readonly loss: number;
  readonly tokenLosses: readonly number[][];
  readonly gradients: Readonly<
    Record<string, { readonly sumAbs: number; readonly first: readonly number[] }>
  >;
};

const variants = ['qwen3-moe-tiny', 'qwen3-moe-tiny-unnormalised', 'qwen3-moe-tiny-untied'];
const backends: readonly Backend[] = [referenceBackend, onnxBackend({ threads: 1 })];
const modes: readonly Rematerialization[] = ['keep', 'recompute'];

/** Single precision against PyTorch's float64; the reference backend rounds to single precision between layers too. */
const TOLERANCE = 2e-5;

async function load(
  variant: string,
): Promise<{ checkpoint: Checkpoint; golden: Golden; inputs: Int32Array; targets: Int32Array }> {
  const folder = fileURLToPath(new URL(`../fixtures/${variant}`, import.meta.url));
  const golden = JSON.parse(await readFile(`${folder}/golden.json`, 'utf8')) as Golden;
  return {
    checkpoint: await loadCheckpoint(folder),
    golden,
    inputs: Int32Array.from(golden.tokens.flatMap((row) => row.slice(0, -1))),
    targets: Int32Array.from(golden.tokens.flatMap((row) => row.slice(1))),
  };
}

describe.each(variants)('%s, made by transformers', (variant) => {
  test.each(backends)('losses of every token agree on the $name backend', async (backend) => {
    const { checkpoint, golden, inputs, targets } = await load(variant);
    const { config, parameters } = checkpoint;
    const pass = await ForwardPass.create(backend, config, { sequences: 2, tokens: 11 });
    const hidden = await pass.layers(parameters, pass.embed(parameters, inputs), 0, config.layers);
    const losses = await pass.losses(parameters, hidden, targets);
    golden.tokenLosses.flat().forEach((expected, i) => {
      expect(Math.abs(losses[i]! - expected), `token ${i}`).toBeLessThan(TOLERANCE);
    });
    await pass.dispose();
  });

  test.each(backends.flatMap((backend) => modes.map((mode) => ({ backend, name: backend.name, mode }))))(
    'gradients of all parameters agree, $name backend, $mode',
    async ({ backend, mode }) => {
      const { checkpoint, golden, inputs, targets } = await load(variant);
      const { config, parameters } = checkpoint;
      const pass = await GradientPass.create(backend, config, {
        shape: { sequences: 2, tokens: 11 },
        trained: new Set(parameterShapes(config).keys()),
        rematerialization: mode,
        balanceWeight: 0,
      });
      const { loss } = await pass.run(parameters, inputs, targets);
      expect(Math.abs(loss - golden.loss)).toBeLessThan(TOLERANCE);
      expect([...pass.gradients.keys()].sort()).toEqual(Object.keys(golden.gradients).sort());
      for (const [name, expected] of Object.entries(golden.gradients)) {
        const actual = floats(pass.gradients.get(name)!);
        const sumAbs = actual.reduce((sum, value) => sum + Math.abs(value), 0);
        expect(Math.abs(sumAbs - expected.sumAbs), name).toBeLessThan(TOLERANCE * (1 + expected.sumAbs));
        expected.first.forEach((value, i) => {
          expect(Math.abs(actual[i]! - value), `${name}[${i}]`).toBeLessThan(TOLERANCE);
        });
      }
      await pass.dispose();
    },
  );
});
