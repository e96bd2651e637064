import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiKeys } from './access/api-keys.ts';
import type { Gateway } from './start-gateway.ts';
import { startTestGateway, TEST_PROMPT } from './testing/start-test-gateway.ts';

const ADMIN = 'sk-admin-0123456789';
const CLIENT = 'sk-client-012345678';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(new URL(path, gateway.url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
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
    await using small = await startTestGateway({ maxChoices: 2 });
    const url = new URL('/v1/completions', small.url);
    const body = JSON.stringify({ model: 'foundation', prompt: TEST_PROMPT, max_tokens: 8, n: 3 });
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

test('health, metrics and the playground are served', async () => {
  expect(await (await fetch(new URL('/health', gateway.url))).json()).toEqual({
    status: 'ok',
    models: ['foundation'],
  });
  await post('/v1/completions', { model: 'foundation', prompt: TEST_PROMPT, max_tokens: 2 });
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
    await expect(startTestGateway({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'api_keys_required' });
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
    await using guarded = await startTestGateway({ keys, rateLimit: { burst: 2, perSecond: 0.001 } });
    const as = (apiKey: string) =>
      new OpenAI({ baseURL: new URL('/v1', guarded.url).href, apiKey, maxRetries: 0 });
    const ask = (apiKey: string) =>
      as(apiKey).completions.create({ model: 'foundation', prompt: TEST_PROMPT, max_tokens: 1 });
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
