import type { Usage } from '@connito/market';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Gateway } from './start-gateway.ts';
import { startTestGateway, TEST_PROMPT } from './testing/start-test-gateway.ts';

const usages: Usage[] = [];

let gateway: Gateway;
let client: OpenAI;
beforeAll(async () => {
  gateway = await startTestGateway({}, { append: async (usage) => usages.push(usage) });
  client = new OpenAI({ baseURL: new URL('/v1', gateway.url).href, apiKey: 'none', maxRetries: 0 });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

/** Waits as long as a loaded machine may need. */
const until = (isDone: () => boolean): Promise<void> =>
  vi.waitUntil(isDone, { timeout: 50_000 }).then(() => undefined);

const complete = (changes: object = {}) =>
  client.completions.create({
    model: 'foundation',
    prompt: TEST_PROMPT,
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
      prompt: TEST_PROMPT,
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
      prompt: TEST_PROMPT,
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
      prompt: TEST_PROMPT,
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
      prompt: TEST_PROMPT,
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
