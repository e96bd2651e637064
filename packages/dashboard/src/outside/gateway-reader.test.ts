import { describe, expect, it } from 'vitest';
import { GatewayReader } from './gateway-reader.ts';

const MODELS = {
  object: 'list',
  data: [
    {
      id: 'math',
      object: 'model',
      created: 1_790_000_000,
      owned_by: 'connito',
      connito: {
        engine: 'connito',
        version: 2,
        context: 512,
        chat_template: 'plain',
        routing: { layers: 4, experts: 16 },
        packages: ['@lab/math@1.2.0'],
      },
    },
  ],
};

const metrics = (written: number, answers: number) => `# HELP connito_gateway_tokens_total Tokens
# TYPE connito_gateway_tokens_total counter
connito_gateway_tokens_total{model="math",kind="prompt"} 70
connito_gateway_tokens_total{model="math",kind="completion"} ${written}
connito_gateway_tokens_total{model="other",kind="completion"} 5
connito_gateway_package_tokens_total{model="math",package="@lab/a\\"b@1.0.0"} 12
connito_gateway_running_sequences{model="math"} 3
connito_gateway_waiting_sequences{model="math"} 1
connito_gateway_answer_seconds_bucket{model="math",le="0.1"} ${answers / 2}
connito_gateway_answer_seconds_bucket{model="math",le="1"} ${answers}
connito_gateway_answer_seconds_bucket{model="math",le="+Inf"} ${answers}
connito_gateway_answer_seconds_sum{model="math"} ${answers / 4}
connito_gateway_answer_seconds_count{model="math"} ${answers}
connito_gateway_first_token_seconds_bucket{model="math",le="0.1"} 1
connito_gateway_first_token_seconds_bucket{model="math",le="+Inf"} 10
connito_gateway_first_token_seconds_count{model="math"} 10
connito_gateway_first_token_seconds_sum{model="math"} 90
connito_gateway_requests_total{route="/v1/completions",status="200"} 9
`;

type Reply = { readonly models?: unknown; readonly metrics: string; readonly status?: number };

/** A reader of a server whose replies are given in turn, five seconds apart. */
function readerOf(...replies: readonly Reply[]) {
  const asked: { readonly url: string; readonly authorization: string | null }[] = [];
  let turn = 0;
  const answer: typeof fetch = async (input, init) => {
    const url = String(input);
    asked.push({ url, authorization: new Headers(init?.headers).get('authorization') });
    const { models = MODELS, metrics: text, status = 200 } = replies[turn]!;
    return new Response(url.endsWith('/metrics') ? text : JSON.stringify(models), { status });
  };
  const reader = new GatewayReader({
    url: new URL('http://localhost:8000/base'),
    apiKey: 'sk-1',
    fetch: answer,
    nowMs: () => 5_000 * turn,
  });
  const next = async () => {
    const facts = await reader.read(new AbortController().signal);
    turn += 1;
    return facts;
  };
  return { asked, next };
}

describe('a server of models', () => {
  it('is read at its documented paths, with the key', async () => {
    const { asked, next } = readerOf({ metrics: metrics(100, 10) });
    const { models, requests } = await next();
    expect(asked).toEqual(
      ['v1/models', 'metrics'].map((path) => ({
        url: `http://localhost:8000/base/${path}`,
        authorization: 'Bearer sk-1',
      })),
    );
    expect(models[0]).toMatchObject({
      id: 'math',
      version: 2,
      running: 3,
      waiting: 1,
      promptTokens: 70,
      completionTokens: 100,
      packageTokens: [{ package: '@lab/a"b@1.0.0', tokens: 12 }],
      tokensPerSecond: null,
    });
    expect(requests).toEqual([{ route: '/v1/completions', status: '200', count: 9 }]);
  });

  it('tells of latencies only what its histogram says', async () => {
    const { next } = readerOf({ metrics: metrics(100, 10) });
    const [model] = (await next()).models;
    expect(model!.answer).toEqual({
      count: 10,
      meanSeconds: 0.25,
      medianAtMostSeconds: 0.1,
      p99AtMostSeconds: 1,
    });
    // Nine of ten are beyond the last bound.
    expect(model!.firstToken).toMatchObject({
      meanSeconds: 9,
      medianAtMostSeconds: null,
      p99AtMostSeconds: null,
    });
  });

  it('is as fast as its counter rises, and starts anew when the counter does', async () => {
    const { next } = readerOf(
      ...[100, 150, 175, 30, 80].map((written) => ({ metrics: metrics(written, 10) })),
    );
    const speeds: (number | null)[] = [];
    for (let i = 0; i < 5; i++) speeds.push((await next()).models[0]!.tokensPerSecond);
    expect(speeds).toEqual([null, 10, 7.5, null, 10]);
  });

  it.each([
    ['an error', { metrics: '', status: 401 }, /401/],
    ['another shape', { metrics: '', models: { data: [{ id: 'x' }] } }, /another shape/],
  ])('that answers with %s is a fault that says so', async (_, reply, message) => {
    const { next } = readerOf(reply);
    await expect(next()).rejects.toMatchObject({
      code: 'serving_unreadable',
      message: expect.stringMatching(message),
    });
  });
});
