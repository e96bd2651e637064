import { fileURLToPath } from 'node:url';
import type { Usage } from '@connito/market';
import { loadTokenizer } from '@connito/model';
import { ManualClock, silentLog } from '@connito/node';
import { expect, test } from 'vitest';
import type { InferenceEngine } from '../engine/inference-engine.ts';
import { createGatewayMetrics } from '../metrics.ts';
import { Answer, type Asked } from './answer.ts';
import { ServedModel } from './served-model.ts';

const MODEL = fileURLToPath(new URL('../../../../models/foundation', import.meta.url));
const tokenizer = await loadTokenizer(`${MODEL}/tokenizer.json`);

/** Writes the token 40 until it is told to end. */
const engine: InferenceEngine = {
  name: 'fake',
  contextSize: 100,
  tokenizer,
  routing: null,
  load: { running: 0, waiting: 0, cacheBytes: 0 },
  async *generate({ maxTokens }, signal) {
    for (let i = 0; i < maxTokens; i++) {
      if (signal?.aborted === true) return { reason: 'cancelled', usage: null };
      yield { token: 40, logprob: -1, top: [] };
    }
    return { reason: 'length', usage: null };
  },
  drained: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

const asked: Asked = {
  idPrefix: 'chatcmpl',
  prompts: [Int32Array.of(1, 2, 3)],
  choicesPerPrompt: 2,
  maxTokens: 20,
  temperature: 0,
  topP: 1,
  seed: 1,
  stops: [],
  topCount: 0,
  experts: undefined,
  trace: false,
};

async function open() {
  const usages: Usage[] = [];
  const append = async (usage: Usage) => {
    usages.push(usage);
  };
  const model = await ServedModel.open(
    { id: 'fake', source: { folder: MODEL, overlays: [] }, nowMs: 0 },
    { openEngine: () => Promise.resolve(engine), log: silentLog },
  );
  const clock = new ManualClock(0);
  const dependencies = {
    clock,
    metrics: createGatewayMetrics(() => []),
    receipts: { append },
    log: silentLog,
  };
  return { model, usages, answer: new Answer(model, model.acquire(), asked, dependencies) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('an answer read to its end has one receipt and gives its version back', async () => {
  const { model, usages, answer } = await open();
  for await (const _ of answer.events(new AbortController().signal));
  answer[Symbol.dispose]();
  await settled();
  expect(usages).toMatchObject([{ promptTokens: 3, completionTokens: 40, experts: { base: 0 } }]);
  await model.swap({ folder: MODEL, overlays: [] });
  await settled();
  expect(model.versions).toHaveLength(1);
});

test('a client that leaves in the middle pays for what was written', async () => {
  const { model, usages, answer } = await open();
  let events = 0;
  for await (const _ of answer.events(new AbortController().signal)) if (++events === 5) break;
  await settled();
  expect(usages).toHaveLength(1);
  expect(usages[0]!.completionTokens).toBeLessThan(40);
  await model.swap({ folder: MODEL, overlays: [] });
  await settled();
  expect(model.versions).toHaveLength(1);
});

test('a client that leaves before the first token holds no version back', async () => {
  const { model, usages, answer } = await open();
  // Asked for, and never read.
  answer.events(new AbortController().signal);
  answer[Symbol.dispose]();
  answer[Symbol.dispose]();
  await settled();
  expect(usages).toMatchObject([{ promptTokens: 3, completionTokens: 0 }]);
  await model.swap({ folder: MODEL, overlays: [] });
  await settled();
  expect(model.versions).toHaveLength(1);
});
