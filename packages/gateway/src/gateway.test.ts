import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Usage } from '@connito/market';
import { encodeSafetensors, loadCheckpoint } from '@connito/model';
import { type Clock, ManualClock, silentLog, systemClock } from '@connito/node';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ApiKeys } from './access/api-keys.ts';
import { type Gateway, type StartGatewayOptions, startGateway } from './start-gateway.ts';

const MODEL = fileURLToPath(new URL('../../../models/foundation', import.meta.url));
const ADMIN = 'sk-admin-0123456789';
const CLIENT = 'sk-client-012345678';
const usages: Usage[] = [];

const start = (
  changes: Partial<StartGatewayOptions> = {},
  append = async (usage: Usage): Promise<void> => {
    usages.push(usage);
  },
  clock: Clock = systemClock,
): Promise<Gateway> =>
  startGateway(
    {
      models: new Map([['foundation', { folder: MODEL, overlays: [] }]]),
      host: '127.0.0.1',
      port: 0,
      keys: null,
      rateLimit: null,
      maxRunning: 16,
      maxChoices: 64,
      threads: 1,
      ...changes,
    },
    {
      clock,
      log: silentLog,
      receipts: { append },
    },
  );

let gateway: Gateway;
let client: OpenAI;
beforeAll(async () => {
  gateway = await start();
  client = new OpenAI({ baseURL: new URL('/v1', gateway.url).href, apiKey: 'none', maxRetries: 0 });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

/** Waits as long as a loaded machine may need. */
const until = (isDone: () => boolean): Promise<void> =>
  vi.waitUntil(isDone, { timeout: 50_000 }).then(() => undefined);

const PROMPT = 'The state of the Union is';
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(new URL(path, gateway.url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const complete = (changes: object = {}) =>
  client.completions.create({
    model: 'foundation',
    prompt: PROMPT,
    max_tokens: 12,
    temperature: 0,
    ...changes,
  });

describe("OpenAI's own client", () => {
  test('lists models', async () => {
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(['foundation']);
    expect(await client.models.retrieve('foundation')).toMatchObject({ id: 'foundation', object: 'model' });
    await expect(client.models.retrieve('gpt-4o')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });

  test('completes text, whole and streamed alike, with usage', async () => {
    const whole = await complete();
    expect(whole.choices[0]!.text.length).toBeGreaterThan(5);
    expect(whole.usage).toMatchObject({ completion_tokens: 12 });
    const stream = await client.completions.create({
      model: 'foundation',
      prompt: PROMPT,
      max_tokens: 12,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let last: OpenAI.Completion | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.text ?? '';
      last = chunk;
    }
    expect(text).toBe(whole.choices[0]!.text);
    expect(last!.usage).toEqual(whole.usage);
  });

  test('chats, with several choices and log probabilities', async () => {
    const messages = [{ role: 'user' as const, content: 'What is the state of the Union?' }];
    const asked = {
      model: 'foundation',
      messages,
      max_completion_tokens: 8,
      n: 2,
      seed: 5,
      logprobs: true,
      top_logprobs: 3,
    };
    const whole = await client.chat.completions.create(asked);
    expect(whole.choices).toHaveLength(2);
    const [first, second] = whole.choices;
    expect(first!.message.content).not.toBe(second!.message.content);
    for (const { logprobs } of whole.choices) {
      expect(logprobs!.content!.length).toBeGreaterThan(0);
      for (const token of logprobs!.content!) {
        expect(token.top_logprobs).toHaveLength(3);
        const text = new TextDecoder().decode(Uint8Array.from(token.bytes!));
        if (!text.includes('\ufffd')) expect(token.token).toBe(text);
      }
    }
    const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
    expect(streamed.choices.map(({ message }) => message.content)).toEqual(
      whole.choices.map(({ message }) => message.content),
    );
  });

  test('is told where each token begins in the text, in characters', async () => {
    const { choices } = await complete({ max_tokens: 40, temperature: 1.9, seed: 7, logprobs: 2 });
    const { text, logprobs } = choices[0]!;
    const characters = [...text];
    const { tokens, text_offset: offsets } = logprobs!;
    tokens!.forEach((token, i) => {
      if (token.startsWith('bytes:')) return;
      const from = offsets![i]!;
      expect(characters.slice(from, from + [...token].length).join('')).toBe(token);
    });
  });

  test('sends an answer’s message back as it came', async () => {
    const messages = [
      { role: 'user' as const, content: 'Hello' },
      { role: 'assistant' as const, content: null, tool_calls: null, refusal: null, name: null },
      { role: 'user' as const, content: 'Again' },
    ] as unknown as OpenAI.ChatCompletionMessageParam[];
    const ask = (last: object) =>
      client.chat.completions.create({
        model: 'foundation',
        messages: [...messages.slice(0, 2), last as OpenAI.ChatCompletionMessageParam],
        max_tokens: 2,
      });
    await ask(messages[2]!);
    await expect(ask({ role: 'user', content: null })).rejects.toMatchObject({
      status: 400,
      param: 'messages[2].content',
    });
  });

  test('any seed JSON holds exactly gives choices that differ', async () => {
    const seeds = [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER];
    for (const seed of seeds) {
      const { choices } = await complete({ temperature: 1.5, seed, n: 4 });
      expect(new Set(choices.map(({ text }) => text)).size).toBe(4);
    }
  });

  test('stops before a stop string and says so', async () => {
    const { choices } = await complete({ max_tokens: 24 });
    const { text } = choices[0]!;
    const stop = text.slice(6, 9);
    const stopped = await complete({ max_tokens: 24, stop: [stop] });
    expect(stopped.choices[0]).toMatchObject({
      text: text.slice(0, text.indexOf(stop)),
      finish_reason: 'stop',
    });
    expect(stopped.usage!.completion_tokens).toBeLessThan(24);
  });

  test('gets the same answer for a seed', async () => {
    const sampled = async (seed: number) =>
      (await complete({ temperature: 1, top_p: 0.9, seed })).choices[0]!.text;
    expect(await sampled(3)).toBe(await sampled(3));
    expect(await sampled(3)).not.toBe(await sampled(4));
  });

  test('takes token ids and several prompts', async () => {
    const ids = [40, 41, 42];
    const { choices, usage } = await complete({ prompt: [ids, ids, [50]] });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(choices[0]!.text).toBe(choices[1]!.text);
    expect(usage!.prompt_tokens).toBe(7);
  });

  test('leaves in the middle of a stream, and what is left is not written', async () => {
    usages.length = 0;
    const stream = await client.completions.create({
      model: 'foundation',
      prompt: PROMPT,
      max_tokens: 450,
      stream: true,
    });
    for await (const _ of stream) break;
    await until(() => usages.length === 1);
    expect(usages[0]!.completionTokens).toBeLessThan(400);
    expect(gateway.models[0]!.current.engine.load.running).toBe(0);
  });

  test.each([
    ['an unknown model', { model: 'gpt-4o' }, 404, 'model_not_found', 'model'],
    [
      'a prompt beyond the context',
      { prompt: 'a word '.repeat(600) },
      400,
      'context_length_exceeded',
      'prompt',
    ],
    ['an answer beyond the context', { max_tokens: 10_000 }, 400, 'context_length_exceeded', 'prompt'],
    ['an empty prompt', { prompt: '' }, 400, 'invalid_value', 'prompt'],
    ['a temperature out of range', { temperature: 3 }, 400, 'decimal_above_max_value', 'temperature'],
    ['too many choices', { n: 1000 }, 400, 'integer_above_max_value', 'n'],
    ['a token that does not exist', { prompt: [999_999] }, 400, null, 'prompt'],
    ['a penalty, which is not done here', { presence_penalty: 1 }, 400, 'invalid_value', 'presence_penalty'],
    ['a misspelt field', { max_token: 5 }, 400, null, 'max_token'],
    [
      'an expert that does not exist',
      { connito: { experts: { deny: { 0: [99] } } } },
      400,
      null,
      'connito.experts.deny',
    ],
  ])('is told of %s', async (_, changes, status, code, param) => {
    await expect(complete(changes)).rejects.toMatchObject({
      status,
      code,
      param,
      type: 'invalid_request_error',
    });
  });
});

describe('experts', () => {
  test('that are denied do not answer, and those that did are named', async () => {
    const deny = { 0: [0, 1, 2, 3, 4, 5, 6, 7] };
    const body = (await complete({ connito: { experts: { deny } } })) as unknown as {
      usage: { total_tokens: number };
      connito: { version: number; experts: { layers: number[][]; packages: Record<string, number> } };
    };
    const { layers, packages } = body.connito.experts;
    expect(layers[0]!.slice(0, 8)).toEqual(new Array(8).fill(0));
    // Two experts for every token but the last, which nothing follows.
    const run = body.usage.total_tokens - 1;
    for (const row of layers) expect(row.reduce((a, b) => a + b)).toBe(2 * run);
    expect(packages).toEqual({ base: run });
  });

  test('are traced token by token on request', async () => {
    const stream = await client.completions.create({
      model: 'foundation',
      prompt: PROMPT,
      max_tokens: 5,
      stream: true,
      ...{ connito: { trace: true } },
    });
    let traced = 0;
    for await (const chunk of stream) {
      const { connito } = chunk as unknown as { connito?: { tokens?: { experts: { gate: number }[][] }[] } };
      for (const { experts } of connito?.tokens ?? []) {
        traced += 1;
        for (const layer of experts) expect(layer.reduce((sum, { gate }) => sum + gate, 0)).toBeCloseTo(1, 4);
      }
    }
    expect(traced).toBe(5);
  });

  test('go into one receipt for each request, and a client that leaves gets one too', async () => {
    usages.length = 0;
    const { id, usage } = await complete();
    const stream = await client.completions.create({
      model: 'foundation',
      prompt: PROMPT,
      max_tokens: 400,
      stream: true,
    });
    for await (const _ of stream) break;
    await until(() => usages.length === 2);
    const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = usage!;
    expect(usages[0]).toMatchObject({ requestId: id, model: 'foundation', promptTokens, completionTokens });
    expect(usages[0]!.experts).toEqual({ base: promptTokens + completionTokens - 1 });
    expect(usages[1]!.completionTokens).toBeGreaterThan(0);
    expect(usages[1]!.experts.base).toBeLessThanOrEqual(
      usages[1]!.promptTokens + usages[1]!.completionTokens,
    );
  });
});

describe('bad requests', () => {
  test.each([
    ['no JSON', '{"model":', 400],
    ['bytes', '\u0000\u0001', 400],
    ['a list', '[]', 400],
    ['deep nesting', '['.repeat(100_000), 400],
    ['messages that are no text', { model: 'foundation', messages: [{ role: 'user', content: 5 }] }, 400],
    [
      'an image',
      { model: 'foundation', messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      400,
    ],
    ['no messages', { model: 'foundation', messages: [] }, 400],
    ['a huge body', { model: 'foundation', messages: [{ role: 'user', content: 'x'.repeat(5 << 20) }] }, 413],
  ])('%s is answered in the shape of OpenAI, and the server lives', async (_, body, status) => {
    const response = await post('/v1/chat/completions', body);
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
    expect((await fetch(new URL('/health', gateway.url))).status).toBe(200);
  });

  test('other content types are refused: a web page could send them unasked', async () => {
    const response = await post('/v1/completions', '{}', { 'Content-Type': 'text/plain' });
    expect(response.status).toBe(400);
  });

  test('what is beyond the queue is refused at once', async () => {
    await using small = await start({ maxChoices: 2 });
    const url = new URL('/v1/completions', small.url);
    const body = JSON.stringify({ model: 'foundation', prompt: PROMPT, max_tokens: 8, n: 3 });
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ error: { code: 'overloaded' } });
  });
});

test('a stop within streams ends them, and waits for their receipts', async () => {
  const written: Usage[] = [];
  const stopping = await start({}, async (usage) => {
    await new Promise((resolve) => setImmediate(resolve));
    written.push(usage);
  });
  const ask = () =>
    fetch(new URL('/v1/completions', stopping.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: 'foundation', prompt: PROMPT, max_tokens: 480, n: 4, stream: true }),
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
  await using small = await start(
    { maxChoices: 32, maxRunning: 32 },
    async (usage) => void written.push(usage),
    clock,
  );
  const body = JSON.stringify({
    model: 'foundation',
    messages: [{ role: 'user', content: PROMPT }],
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

test('health, metrics and the playground are served', async () => {
  expect(await (await fetch(new URL('/health', gateway.url))).json()).toEqual({
    status: 'ok',
    models: ['foundation'],
  });
  const metrics = await (await fetch(new URL('/metrics', gateway.url))).text();
  expect(metrics).toMatch(/connito_gateway_tokens_total\{model="foundation",kind="completion"\} [1-9]/);
  const page = await fetch(new URL('/', gateway.url));
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  const html = await page.text();
  expect(html).toContain('Connito playground');
  // Nothing inline, nothing from elsewhere.
  expect(html).not.toMatch(/https?:|style=|onclick|<script>/);
  for (const file of ['playground.js', 'playground.css'])
    expect((await fetch(new URL(`/playground/${file}`, gateway.url))).status).toBe(200);
  expect((await fetch(new URL('/playground/..%2Fplayground.ts', gateway.url))).status).toBe(404);
});

describe('access', () => {
  test('no server that others can reach starts without keys', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'api_keys_required' });
  });

  test('a name of somebody else that resolves to this machine is refused', async () => {
    const { hostname, port } = gateway.url;
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      request({ hostname, port, path: '/v1/models', headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(403);
  });

  test('keys are asked for, limited one by one, and only an admin swaps', async () => {
    const keys = ApiKeys.parse(`${CLIENT} alice\n${ADMIN} root admin\n`, 'keys');
    await using guarded = await start({ keys, rateLimit: { burst: 2, perSecond: 0.001 } });
    const as = (apiKey: string) =>
      new OpenAI({ baseURL: new URL('/v1', guarded.url).href, apiKey, maxRetries: 0 });
    const ask = (apiKey: string) =>
      as(apiKey).completions.create({ model: 'foundation', prompt: PROMPT, max_tokens: 1 });
    await expect(ask('sk-wrong-0123456789')).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    await ask(CLIENT);
    await ask(CLIENT);
    const limited = await ask(CLIENT).catch(
      (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
    );
    expect(limited).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect(Number((limited as { headers: Headers }).headers.get('retry-after'))).toBeGreaterThan(1);
    await ask(ADMIN);
    const swap = (key: string) =>
      fetch(new URL('/admin/models/foundation/rollback', guarded.url), {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
      });
    expect((await swap(CLIENT)).status).toBe(403);
    expect((await swap(ADMIN)).status).toBe(409);
  });
});

test('parameters are swapped and rolled back under load; every answer is of one version', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'connito-swap-'));
  const { parameters } = await loadCheckpoint(MODEL);
  const name = 'model.layers.3.mlp.experts.5.down_proj.weight';
  const trained = parameters.get(name)!;
  const data = Float32Array.from(trained.data as Float32Array, (value) => -2 * value);
  // One expert in a file of its own, as a package carries it.
  const overlay = join(folder, 'expert.safetensors');
  await writeFile(overlay, encodeSafetensors(new Map([[name, { ...trained, data }]]), 'F32'));
  const keys = ApiKeys.parse(`${ADMIN} root admin\n`, 'keys');
  await using busy = await start({ keys });
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
        prompt: PROMPT,
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
