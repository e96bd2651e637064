import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { nextTokenDistributions } from '../../bench/gguf/distributions.ts';
import { exportGguf } from '../../packages/composition/src/index.ts';
import { onnxBackend } from '../../packages/engine/src/index.ts';
import { createTokenizer, loadCheckpoint, parseTokenizerJson } from '../../packages/model/src/index.ts';
import { askLlamaCpp, llamaCppMissing } from './ask.ts';

const MODEL = fileURLToPath(new URL('../../models/foundation', import.meta.url));
const TEXT = 'It is 10 o’clock; don’t the\n\n  PERMISSIONS of this licence say “as is”? x = a[0] ?? 1;';

const missing = llamaCppMissing();
if (missing !== null) console.warn(`SKIPPED: llama.cpp on an exported model. ${missing}`);

test.skipIf(missing !== null)('llama.cpp cuts text and predicts tokens as we do', async () => {
  const model = await loadCheckpoint(MODEL);
  const json = parseTokenizerJson(await readFile(join(MODEL, 'tokenizer.json'), 'utf8'));
  const tokens = [...createTokenizer(json).encode(TEXT)];
  const work = await mkdtemp(join(tmpdir(), 'connito-llama-cpp-'));
  try {
    const path = join(work, 'model.gguf');
    await exportGguf(path, model, json, { name: 'foundation', type: 'F32' });
    const theirs = await askLlamaCpp(path, [TEXT], [tokens], model.config.vocabularySize);
    expect(theirs.texts).toEqual([tokens]);
    const [ours] = await nextTokenDistributions(onnxBackend({ threads: 1 }), model, [tokens]);
    for (const [position, mine] of ours!.entries()) {
      const other = theirs.distributions[0]![position]!;
      const largest = mine.reduce((most, p, token) => Math.max(most, Math.abs(p - other[token]!)), 0);
      expect(largest, `position ${position}`).toBeLessThan(1e-4);
    }
  } finally {
    await rm(work, { recursive: true });
  }
});
