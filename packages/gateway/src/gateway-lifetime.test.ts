import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Usage } from '@connito/market';
import { encodeSafetensors, loadCheckpoint } from '@connito/model';
import { ManualClock } from '@connito/node';
import OpenAI from 'openai';
import { expect, test, vi } from 'vitest';
import { ApiKeys } from './access/api-keys.ts';
import { startTestGateway, TEST_MODEL, TEST_PROMPT } from './testing/start-test-gateway.ts';

const ADMIN = 'sk-admin-0123456789';

/** Waits as long as a loaded machine may need. */
const until = (isDone: () => boolean): Promise<void> =>
  vi.waitUntil(isDone, { timeout: 50_000 }).then(() => undefined);

test('a stop within streams ends them, and waits for their receipts', async () => {
  const written: Usage[] = [];
  const stopping = await startTestGateway(
    {},
    {
      append: async (usage) => {
        await new Promise((resolve) => setImmediate(resolve));
        written.push(usage);
      },
    },
  );
  const ask = () =>
    fetch(new URL('/v1/completions', stopping.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: 'foundation', prompt: TEST_PROMPT, max_tokens: 480, n: 4, stream: true }),
    });
  const streams = await Promise.all([ask(), ask()]);
  const readers = streams.map(({ body }) => body!.getReader());
  // One client reads on, the other does not.
  await Promise.all(readers.map((reader) => reader.read()));
  const readOn = (async () => {
    while (!(await readers[0]!.read()).done);
  })().catch(() => undefined);
  await stopping[Symbol.asyncDispose]();
  expect(written).toHaveLength(2);
  for (const { completionTokens } of written) {
    expect(completionTokens).toBeGreaterThan(0);
    expect(completionTokens).toBeLessThan(4 * 480);
  }
  const [model] = stopping.models;
  await expect(model!.restart(model!.current)).rejects.toMatchObject({ status: 503, code: 'stopping' });
  await readOn;
});

test('a client that never reads is cut off, pays for what was written, and frees its places', async () => {
  const written: Usage[] = [];
  const clock = new ManualClock();
  await using small = await startTestGateway(
    { maxChoices: 32, maxRunning: 32 },
    { append: async (usage) => written.push(usage), clock },
  );
  const body = JSON.stringify({
    model: 'foundation',
    messages: [{ role: 'user', content: TEST_PROMPT }],
    max_tokens: 450,
    n: 32,
    stream: true,
    logprobs: true,
    top_logprobs: 20,
  });
  const socket = connect(Number(small.url.port), '127.0.0.1');
  const cut = once(socket, 'close');
  socket.on('error', () => undefined);
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const health = () => fetch(new URL('/health', small.url));
  await until(() => small.models[0]!.current.engine.load.running > 0);
  // Time only passes for the server while nothing can be sent.
  while (written.length === 0) {
    await health();
    clock.advance(1_000);
  }
  expect(written[0]!.completionTokens).toBeLessThan(32 * 450);
  socket.resume();
  await cut;
});

test('parameters are swapped and rolled back under load; every answer is of one version', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'connito-swap-'));
  const { parameters } = await loadCheckpoint(TEST_MODEL);
  const name = 'model.layers.3.mlp.experts.5.down_proj.weight';
  const trained = parameters.get(name)!;
  const data = Float32Array.from(trained.data as Float32Array, (value) => -2 * value);
  // One expert in a file of its own, as a package carries it.
  const overlay = join(folder, 'expert.safetensors');
  await writeFile(overlay, encodeSafetensors(new Map([[name, { ...trained, data }]]), 'F32'));
  const keys = ApiKeys.parse(`${ADMIN} root admin\n`, 'keys');
  await using busy = await startTestGateway({ keys });
  const api = new OpenAI({ baseURL: new URL('/v1', busy.url).href, apiKey: ADMIN, maxRetries: 0 });
  const admin = (path: string, body: object = {}) =>
    fetch(new URL(`/admin/models/foundation/${path}`, busy.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const answers: { version: number; text: string }[] = [];
  let isAsking = true;
  const ask = async () => {
    while (isAsking) {
      const answer = await api.completions.create({
        model: 'foundation',
        prompt: TEST_PROMPT,
        max_tokens: 32,
        temperature: 0,
      });
      const { connito } = answer as unknown as { connito: { version: number } };
      answers.push({ version: connito.version, text: answer.choices[0]!.text });
    }
  };
  const clients = Promise.all([ask(), ask(), ask()]);
  const answered = (version: number) =>
    until(() => answers.filter((each) => each.version === version).length >= 3);
  try {
    await answered(1);
    expect(await (await admin('swap', { overlays: [overlay] })).json()).toMatchObject({ version: 2 });
    await answered(2);
    const refused = await admin('swap', { folder: '/nonexistent' });
    expect([refused.status, await refused.json()]).toMatchObject([409, { error: { code: 'swap_failed' } }]);
    expect(await (await admin('rollback')).json()).toMatchObject({ version: 3 });
    await answered(3);
  } finally {
    isAsking = false;
    await clients;
    await rm(folder, { recursive: true });
  }
  const texts = (version: number) =>
    new Set(answers.filter((each) => each.version === version).map(({ text }) => text));
  expect(texts(2)).not.toEqual(texts(1));
  expect(texts(3)).toEqual(texts(1));
  await until(() => busy.models[0]!.versions.length === 1);
});
