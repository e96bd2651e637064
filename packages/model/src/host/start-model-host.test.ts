import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { startModelHost } from './start-model-host.ts';

const TINY = fileURLToPath(new URL('../fixtures/qwen3-moe-tiny', import.meta.url));
const sequences = { count: 40, tokens: 8, data: Int32Array.from({ length: 40 * 9 }, (_, i) => (i * 7) % 32) };

describe('a model host on its own thread', () => {
  test('measures every sequence, also those of the last, partly filled batch', async () => {
    const { host, stop } = startModelHost(1);
    await host.open(TINY);
    const all = await host.measure(sequences);
    const three = await host.measure({ ...sequences, count: 3, data: sequences.data.subarray(0, 27) });
    expect(all).toHaveLength(40);
    three.forEach((loss, i) => {
      expect(loss).toBeCloseTo(all[i]!, 6);
    });
    await stop();
  });

  test('shares the prefix of an exam without changing a loss', async () => {
    const { host, stop } = startModelHost(1);
    await host.open(TINY);
    const rows = Array.from({ length: 40 }, (_, row) => row);
    const exam = { id: 'exam', sequences, lowestLayer: 1, baseRows: [3, 5] };
    const { before, base } = await host.openExam(exam);
    expect(before).toEqual(await host.measure(sequences));
    // Sequences of another batch are summed in another order, so the last digits may differ.
    expect(base[0]).toBeCloseTo(before[3]!, 5);
    expect(base[1]).toBeCloseTo(before[5]!, 5);
    const unchanged = { kind: 'delta', tensors: new Map() } as const;
    const result = await host.examine('exam', unchanged, { domain: rows, general: [0] }, null);
    if (result.kind !== 'complete') throw new Error(`the exam ended ${result.kind}`);
    expect(result.domainAfter).toEqual(before);
    expect(result.generalAfter[0]).toBeCloseTo(before[0]!, 5);
    await stop();
  });

  test('measures the base model itself, whether or not the state differs from it below the prefix', async () => {
    const { host, stop } = startModelHost(1);
    await host.open(TINY);
    const rows = [3, 5, 8, 13, 21, 30, 31, 32];
    const expected = (await host.openExam({ id: 'base', sequences, lowestLayer: 1, baseRows: rows })).base;
    for (const layer of [0, 1]) {
      const name = `model.layers.${layer}.mlp.experts.0.down_proj.weight`;
      const { shape, data } = (await host.baseParameters([name])).get(name)!;
      await host.setState(new Map([[name, { shape, data: data.map((value) => -3 * value) }]]));
      const { base, before } = await host.openExam({ id: 'exam', sequences, lowestLayer: 1, baseRows: rows });
      expect(base).toEqual(expected);
      expect(rows.map((row) => before[row])).not.toEqual([...expected]);
    }
    await stop();
  });

  test("measures state after state on a set that stays open, with the routers' choices", async () => {
    const { host, stop } = startModelHost(1);
    await host.open(TINY);
    await host.openSet({ id: 'set', sequences, lowestLayer: 1 });
    const name = 'model.layers.1.mlp.experts.0.down_proj.weight';
    const { shape, data } = (await host.baseParameters([name])).get(name)!;
    for (const factor of [1, -3]) {
      await host.setState(new Map([[name, { shape, data: data.map((value) => factor * value) }]]));
      const { losses, load } = await host.measureSet('set');
      expect(losses).toEqual(await host.measure(sequences));
      expect(load).toEqual((await host.profile(sequences)).token);
      const allowed = new Map([[1, [0, 1, 2]]]);
      expect((await host.measureSet('set', allowed)).losses).toEqual(await host.measure(sequences, allowed));
    }
    const below = 'model.layers.0.mlp.experts.0.down_proj.weight';
    await host.setState(new Map([[below, { shape, data: data.map((value) => 2 * value) }]]));
    await expect(host.measureSet('set')).rejects.toThrow('differs from the base model below');
    await stop();
  });

  test('an update that breaks the model is non-finite, never an average over what is left', async () => {
    const { host, stop } = startModelHost(1);
    await host.open(TINY);
    await host.openExam({ id: 'exam', sequences, lowestLayer: 0, baseRows: [] });
    const name = 'model.layers.1.mlp.experts.0.down_proj.weight';
    const data = new Float32Array(16 * 12).fill(Number.NaN);
    const broken = { kind: 'delta', tensors: new Map([[name, { shape: [16, 12], data }]]) } as const;
    const result = await host.examine('exam', broken, { domain: [0, 1, 2], general: [4] }, null);
    expect(result).toEqual({ kind: 'non_finite' });
    await stop();
  });

  test('an auxiliary loss that the checkpoint asks for is part of no measured loss', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'connito-auxiliary-'));
    await cp(TINY, folder, { recursive: true });
    const path = join(folder, 'config.json');
    const config: object = JSON.parse(await readFile(path, 'utf8'));
    const auxiliary = { output_router_logits: true, router_aux_loss_coef: 1000 };
    await writeFile(path, JSON.stringify({ ...config, ...auxiliary }));
    const losses: Float64Array[] = [];
    for (const checkpoint of [TINY, folder]) {
      const { host, stop } = startModelHost(1);
      await host.open(checkpoint);
      losses.push(await host.measure(sequences));
      await stop();
    }
    expect(losses[1]).toEqual(losses[0]);
    await rm(folder, { recursive: true });
  });

  test('passes errors on with their code', async () => {
    const { host, stop } = startModelHost(1);
    await expect(host.open('/nonexistent')).rejects.toMatchObject({ code: 'checkpoint_missing' });
    await stop();
  });

  test('stops while it computes, and later calls fail instead of hanging', async () => {
    const { host, stop } = startModelHost(1);
    await host.open(TINY);
    const running = host.measure(sequences);
    const stopped = stop();
    await expect(running).rejects.toMatchObject({ code: 'engine_stopped' });
    await stopped;
    const dead = { code: 'engine_died', advice: 'fatal' };
    await expect(host.measure(sequences)).rejects.toMatchObject(dead);
  });
});
