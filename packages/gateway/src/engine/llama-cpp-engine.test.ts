import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportGguf } from '@connito/composition';
import { loadCheckpoint, parseTokenizerJson } from '@connito/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConnitoEngine } from './connito-engine.ts';
import { describeInferenceEngine } from './inference-engine-contract.ts';
import { LlamaCppEngine, loadLlamaCpp } from './llama-cpp-engine.ts';

const root = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const MODEL = root('models/foundation');
const moduleFolder = root('tools/llama-cpp');

if (existsSync(join(moduleFolder, 'node_modules', 'node-llama-cpp'))) {
  const open = async (folder: string): Promise<LlamaCppEngine> => {
    const gguf = join(folder, 'foundation.gguf');
    const tokenizer = join(MODEL, 'tokenizer.json');
    const json = parseTokenizerJson(await readFile(tokenizer, 'utf8'));
    await exportGguf(gguf, await loadCheckpoint(MODEL), json, { name: 'foundation', type: 'F32' });
    return LlamaCppEngine.open({
      moduleFolder,
      gguf,
      tokenizer,
      contextSize: 128,
      threads: 1,
      maxRunning: 4,
    });
  };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-gguf-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  describeInferenceEngine('llama.cpp', () => open(folder));

  test('llama.cpp and our own engine write the same greedy answer, up to a near-tie', async () => {
    const source = { folder: MODEL, overlays: [] };
    const ours = await ConnitoEngine.open({ source, threads: 1, maxRunning: 1 });
    const theirs = await open(folder);
    const request = {
      prompt: Int32Array.from(ours.tokenizer.encode('My fellow citizens, the state of the Union')),
      maxTokens: 64,
      stopTokens: [],
      sampling: { temperature: 0, topP: 1, seed: 0 },
      topCount: 2,
      experts: {},
      trace: false,
    };
    const expected = await Array.fromAsync(ours.generate(request));
    const actual = await Array.fromAsync(theirs.generate(request));
    await Promise.all([ours.stop(), theirs.stop()]);
    const differs = expected.findIndex(({ token }, i) => token !== actual[i]?.token);
    if (differs < 0) return;
    const [first, second] = expected[differs]!.top;
    expect(first!.logprob - second!.logprob, `token ${differs}`).toBeLessThan(1e-3);
  });
} else {
  console.warn(
    `The engine llama.cpp is not tested here: npm ci --prefix ${moduleFolder} --omit=optional --ignore-scripts`,
  );
  describe.skip('llama.cpp as an inference engine', () => {
    test('needs node-llama-cpp', () => undefined);
  });
}

test('where it is not installed, the error says how to install it', async () => {
  await expect(loadLlamaCpp('/nonexistent')).rejects.toMatchObject({
    code: 'engine_unavailable',
    message: expect.stringContaining('npm ci --prefix /nonexistent'),
  });
});
