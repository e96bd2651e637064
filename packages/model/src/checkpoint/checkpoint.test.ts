import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { floats, tensor } from '@connito/engine';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCheckpoint } from './checkpoint.ts';
import { encodeSafetensors } from './safetensors.ts';

const TINY = join(import.meta.dirname, '..', 'fixtures', 'qwen3-moe-tiny');
const FILES = ['config.json', 'model.safetensors'];
const NORM = 'model.norm.weight';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connito-checkpoint-'));
  for (const file of FILES) await copyFile(join(TINY, file), join(folder, file));
});
afterEach(() => rm(folder, { recursive: true }));

async function writeIndex(shard: string): Promise<void> {
  const { parameters } = await loadCheckpoint(TINY);
  const weightMap = Object.fromEntries([...parameters.keys()].map((name) => [name, shard]));
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
}

test('an index beside the one file that names the model does not stand in for it', async () => {
  const { parameters } = await loadCheckpoint(TINY);
  const other = new Map(parameters);
  const { shape, data } = other.get(NORM)!;
  other.set(NORM, tensor(new Float32Array(data.length), shape));
  await writeFile(join(folder, 'other.safetensors'), encodeSafetensors(other, 'F32'));
  await writeIndex('other.safetensors');
  const loaded = await loadCheckpoint(folder);
  expect(floats(loaded.parameters.get(NORM)!)).toEqual(floats(parameters.get(NORM)!));
});

test('shards are read by their index where there is no one file', async () => {
  await rename(join(folder, 'model.safetensors'), join(folder, 'model-00001-of-00001.safetensors'));
  await writeIndex('model-00001-of-00001.safetensors');
  const { parameters } = await loadCheckpoint(TINY);
  expect([...(await loadCheckpoint(folder)).parameters.keys()].sort()).toEqual([...parameters.keys()].sort());
});

test('without either, the file that is missing is named', async () => {
  await rm(join(folder, 'model.safetensors'));
  await expect(loadCheckpoint(folder)).rejects.toMatchObject({
    code: 'checkpoint_missing',
    message: expect.stringContaining('model.safetensors'),
  });
});
