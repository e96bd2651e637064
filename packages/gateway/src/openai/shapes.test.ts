import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { silentLog, systemClock } from '@connito/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noReceipts } from '../receipts/receipt-sink.ts';
import { type Gateway, startGateway } from '../start-gateway.ts';

const MODEL = fileURLToPath(new URL('../../../../models/foundation', import.meta.url));

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway(
    {
      models: new Map([['foundation', { folder: MODEL, overlays: [] }]]),
      host: '127.0.0.1',
      port: 0,
      keys: null,
      rateLimit: null,
      maxRunning: 4,
      maxChoices: 8,
      threads: 1,
    },
    { clock: systemClock, log: silentLog, receipts: noReceipts },
  );
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

/** What a value is made of: field names, and the type of each leaf; of a list, its first element. `connito` is ours. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  const fields = Object.entries(value).filter(([name]) => name !== 'connito');
  return Object.fromEntries(fields.map(([name, field]) => [name, shapeOf(field)]));
}

const fixture = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'));

const post = (path: string, body: object): Promise<Response> =>
  fetch(new URL(path, gateway.url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'foundation', temperature: 0, max_tokens: 3, ...body }),
  });

async function chunksOf(response: Response): Promise<unknown[]> {
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events = (await response.text()).trimEnd().split('\n\n');
  expect(events.pop()).toBe('data: [DONE]');
  return events.map((event) => JSON.parse(event.replace(/^data: /, '')));
}

/** First, second, second to last and last: what follows the second is like it. */
const telling = (chunks: readonly unknown[], first: number): unknown[] => [
  ...chunks.slice(0, first),
  ...chunks.slice(-2),
];

const messages = [{ role: 'user', content: 'Hello' }];
const streamed = { stream: true, stream_options: { include_usage: true } };

describe('field by field as in the API reference', () => {
  test('a chat completion', async () => {
    const answer = await (
      await post('/v1/chat/completions', { messages, logprobs: true, top_logprobs: 2 })
    ).json();
    expect(shapeOf(answer)).toEqual(shapeOf(await fixture('chat-completion.json')));
  });

  test('the chunks of a chat completion', async () => {
    const asked = { messages, logprobs: true, top_logprobs: 2, ...streamed };
    const chunks = telling(await chunksOf(await post('/v1/chat/completions', asked)), 2);
    const expected = (await fixture('chat-chunks.json')) as unknown[];
    expect(chunks.map(shapeOf)).toEqual(expected.map(shapeOf));
  });

  test('a completion', async () => {
    const answer = (await (await post('/v1/completions', { prompt: 'Hello', logprobs: 2 })).json()) as {
      choices: { logprobs: { top_logprobs: object[] } }[];
    };
    const { logprobs } = answer.choices[0]!;
    expect(logprobs.top_logprobs.map((top) => Object.keys(top).length)).toEqual([2, 2, 2]);
    // The names in it are the tokens.
    logprobs.top_logprobs = [{ '\n\n': -0.1, '\n': -2.5 }];
    expect(shapeOf(answer)).toEqual(shapeOf(await fixture('completion.json')));
  });

  test('the chunks of a completion', async () => {
    const chunks = telling(
      await chunksOf(await post('/v1/completions', { prompt: 'Hello', ...streamed })),
      1,
    );
    const expected = (await fixture('completion-chunks.json')) as unknown[];
    expect(chunks.map(shapeOf)).toEqual(expected.map(shapeOf));
  });

  test('the list of models, and an error', async () => {
    const models = await (await fetch(new URL('/v1/models', gateway.url))).json();
    expect(shapeOf(models)).toEqual(shapeOf(await fixture('models.json')));
    const refused = await post('/v1/completions', { prompt: 'Hello', model: 'gpt-4o' });
    const { error } = (await refused.json()) as { error: object };
    expect(shapeOf({ error: { ...error, param: null } })).toEqual(shapeOf(await fixture('error.json')));
  });

  test('usage comes only where it is asked for', async () => {
    const chunks = (await chunksOf(
      await post('/v1/completions', { prompt: 'Hello', stream: true }),
    )) as object[];
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
  });
});
