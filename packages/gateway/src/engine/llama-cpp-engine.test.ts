import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { describeInferenceEngine } from './inference-engine-contract.ts';
import { LlamaCppEngine, loadLlamaCpp } from './llama-cpp-engine.ts';

const root = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
/** Where node-llama-cpp is installed, and a GGUF of the foundation, if this machine has them. */
const moduleFolder = process.env.CONNITO_LLAMA_CPP ?? root('tools/llama-cpp');
const gguf = process.env.CONNITO_GGUF ?? '';
const isInstalled = existsSync(join(moduleFolder, 'node_modules', 'node-llama-cpp'));

if (isInstalled && gguf !== '') {
  describeInferenceEngine('llama.cpp', () =>
    LlamaCppEngine.open({
      moduleFolder,
      gguf,
      tokenizer: root('models/foundation/tokenizer.json'),
      contextSize: 128,
      threads: 1,
      maxRunning: 4,
    }),
  );
} else {
  console.warn(
    `llama.cpp's engine is not tested: install node-llama-cpp in ${moduleFolder} and name a GGUF of the foundation in CONNITO_GGUF.`,
  );
  describe.skip('llama.cpp as an inference engine', () => {
    test('needs node-llama-cpp and a GGUF', () => undefined);
  });
}

test('where it is not installed, the error says how to install it', async () => {
  await expect(loadLlamaCpp('/nonexistent')).rejects.toMatchObject({
    code: 'engine_unavailable',
    message: expect.stringContaining('npm ci --prefix /nonexistent'),
  });
});
