import { fileURLToPath } from 'node:url';
import { floats, onnxBackend, type Tensor, tensor } from '@connito/engine';
import { describe, expect, test } from 'vitest';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { BatchGenerator, type GenerationEvent, type GenerationRequest } from './batch-generator.ts';
import { Decoder } from './decoder.ts';

const TINY = fileURLToPath(new URL('../fixtures/qwen3-moe-tiny', import.meta.url));

async function tinyDecoder(change: (parameters: Map<string, Tensor>) => void = () => undefined) {
  const { config, parameters } = await loadCheckpoint(TINY);
  const changed = new Map(parameters);
  change(changed);
  return Decoder.create(onnxBackend({ threads: 1 }), config, changed);
}

const request = (id: number, changes: Partial<GenerationRequest> = {}): GenerationRequest => ({
  id,
  prompt: Int32Array.from({ length: 3 + (id % 4) }, (_, i) => (i * 5 + id * 3 + 1) % 32),
  maxTokens: 6 + (id % 5),
  stopTokens: [],
  sampling: { temperature: 0, topP: 1, seed: 0 },
  topCount: 2,
  experts: {},
  trace: false,
  ...changes,
});

function start(decoder: Decoder, maxRunning = 4) {
  const events: GenerationEvent[] = [];
  const generator = new BatchGenerator({ maxRunning }, { decoder, emit: (event) => events.push(event) });
  const finish = async (): Promise<void> => {
    while (!generator.isIdle) await generator.tick();
  };
  const of = (id: number) => {
    const own = events.filter((event) => event.id === id);
    const tokens = own.flatMap((event) => (event.kind === 'token' ? [event.token] : []));
    return { tokens, ids: tokens.map(({ token }) => token), last: own.at(-1)! };
  };
  return { generator, events, finish, of };
}

describe('continuous batching', () => {
  test('writes the same greedy answers as one request at a time, up to a near-tie', async () => {
    const decoder = await tinyDecoder();
    const together = start(decoder, 3);
    for (let id = 0; id < 4; id++) together.generator.submit(request(id));
    for (let i = 0; i < 3; i++) await together.generator.tick();
    // Joins while others are being written.
    for (let id = 4; id < 8; id++) together.generator.submit(request(id));
    await together.finish();
    for (let id = 0; id < 8; id++) {
      const alone = start(decoder);
      alone.generator.submit(request(id));
      await alone.finish();
      const [expected, actual] = [alone.of(id), together.of(id)];
      expect(actual.last).toMatchObject({ kind: 'end', reason: 'length' });
      const differs = expected.ids.findIndex((token, i) => token !== actual.ids[i]);
      if (differs < 0) expect(actual.ids).toHaveLength(6 + (id % 5));
      else {
        const [first, second] = expected.tokens[differs]!.top;
        expect(first!.logprob - second!.logprob, `request ${id} differs at ${differs}`).toBeLessThan(1e-3);
      }
    }
  });

  test('a cancelled sequence ends before the next step, wherever it is, and the others go on', async () => {
    const decoder = await tinyDecoder();
    const { generator, finish, of } = start(decoder, 2);
    for (let id = 0; id < 4; id++) generator.submit(request(id, { maxTokens: 20 }));
    await generator.tick();
    await generator.tick();
    await generator.tick();
    for (const id of [0, 2]) generator.cancel(id);
    generator.cancel(99);
    const written = of(0).tokens.length;
    await finish();
    expect(of(0).last).toMatchObject({ kind: 'end', reason: 'cancelled' });
    expect(of(0).tokens).toHaveLength(written);
    expect(of(2)).toMatchObject({ ids: [], last: { kind: 'end', reason: 'cancelled' } });
    for (const id of [1, 3]) expect(of(id).ids).toHaveLength(20);
    expect(generator.load).toMatchObject({ running: 0, waiting: 0 });
  });

  test('counts the tokens that each expert served, and names them when traced', async () => {
    const decoder = await tinyDecoder();
    const { config } = decoder;
    const { generator, finish, of } = start(decoder);
    const denied = { deny: new Map([[0, [0, 1]]]) };
    generator.submit(request(0, { trace: true, experts: denied }));
    await finish();
    const { last, tokens } = of(0);
    if (last.kind !== 'end') throw new Error(`ended ${last.kind}`);
    // The last token is not run through the model: nothing follows it.
    const served = (3 + 6 - 1) * config.expertsPerToken;
    for (const row of last.usage.experts) expect(row.reduce((a, b) => a + b)).toBe(served);
    expect(last.usage.experts[0]!.slice(0, 2)).toEqual([0, 0]);
    expect(last.usage).toMatchObject({ promptOwners: [3], answerOwners: [5] });
    for (const { experts } of tokens) {
      expect(experts).toHaveLength(config.layers);
      for (const layer of experts!) expect(layer.reduce((sum, { gate }) => sum + gate, 0)).toBeCloseTo(1, 5);
    }
  });

  test('a token counts once for each owner of an expert that served it', async () => {
    const decoder = await tinyDecoder();
    const { layers, experts, expertsPerToken } = decoder.config;
    const events: GenerationEvent[] = [];
    const emit = (event: GenerationEvent) => events.push(event);
    const own = [0, 1];
    const owners = Array.from({ length: layers }, () =>
      Array.from({ length: experts }, (_, expert) => (own.includes(expert) ? 2 : 1)),
    );
    const generator = new BatchGenerator({ maxRunning: 2, owners }, { decoder, emit });
    const allowed = new Map(owners.map((_, layer) => [layer, own]));
    generator.submit(request(0));
    generator.submit(request(1, { experts: { allow: allowed } }));
    while (!generator.isIdle) await generator.tick();
    const ends = events.filter((event) => event.kind === 'end');
    expect(expertsPerToken).toBe(2);
    expect(ends.find(({ id }) => id === 1)!.usage).toMatchObject({
      promptOwners: [0, 0, 4],
      answerOwners: [0, 0, 6],
    });
    const free = ends.find(({ id }) => id === 0)!.usage;
    expect(free.promptOwners[0]).toBe(0);
    expect(free.promptOwners[1]! + free.promptOwners[2]!).toBeGreaterThan(3);
    expect(Math.max(...free.promptOwners)).toBeLessThanOrEqual(3);
  });

  test('a seed names one answer, whoever else is served', async () => {
    const decoder = await tinyDecoder();
    const sampled = (seed: number) =>
      request(0, { maxTokens: 20, sampling: { temperature: 1, topP: 0.9, seed } });
    const answer = async (seed: number, others: number): Promise<readonly number[]> => {
      const { generator, finish, of } = start(decoder);
      generator.submit(sampled(seed));
      for (let id = 1; id <= others; id++) generator.submit(request(id));
      await finish();
      return of(0).ids;
    };
    const first = await answer(7, 0);
    expect(await answer(7, 0)).toEqual(first);
    expect(await answer(7, 2)).toEqual(first);
    expect(await answer(8, 0)).not.toEqual(first);
  });

  test('a stop token ends the answer and is not part of it', async () => {
    const decoder = await tinyDecoder();
    const free = start(decoder);
    free.generator.submit(request(1));
    await free.finish();
    const stop = free.of(1).ids[2]!;
    const stopped = start(decoder);
    stopped.generator.submit(request(1, { stopTokens: [stop] }));
    await stopped.finish();
    expect(stopped.of(1).ids).toEqual(free.of(1).ids.slice(0, free.of(1).ids.indexOf(stop)));
    expect(stopped.of(1).last).toMatchObject({ kind: 'end', reason: 'stop' });
  });

  test('a broken model fails the request instead of answering nonsense', async () => {
    const decoder = await tinyDecoder((parameters) => {
      const norm = parameters.get('model.norm.weight')!;
      parameters.set(
        'model.norm.weight',
        tensor(
          floats(norm).map(() => Number.NaN),
          norm.shape,
        ),
      );
    });
    const { generator, finish, of } = start(decoder);
    generator.submit(request(0));
    await finish();
    expect(of(0)).toMatchObject({ ids: [], last: { kind: 'failed' } });
    expect(generator.isIdle).toBe(true);
  });

  test.each([
    ['an empty prompt', { prompt: new Int32Array(0) }, 'a prompt of 0 tokens'],
    ['more than the context holds', { maxTokens: 1000 }, 'do not fit a context of 64'],
    ['a token outside the vocabulary', { prompt: Int32Array.of(32) }, 'token 32'],
    ['experts the model lacks', { experts: { deny: new Map([[0, [99]]]) } }, 'no expert 99'],
  ])('%s is refused by name', async (_, changes, message) => {
    const { generator, of } = start(await tinyDecoder());
    generator.submit(request(0, changes));
    expect(of(0).last).toMatchObject({ kind: 'failed', message: expect.stringContaining(message) });
  });
});
