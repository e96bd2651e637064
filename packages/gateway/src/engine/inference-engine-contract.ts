import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineEnd, EngineRequest, InferenceEngine } from './inference-engine.ts';

/** What every engine must do. `open` is called once; the model needs a context of 64 tokens or more. */
export function describeInferenceEngine(name: string, open: () => Promise<InferenceEngine>): void {
  describe(`${name} as an inference engine`, () => {
    let engine: InferenceEngine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(async () => {
      await engine?.stop();
    });

    const request = (changes: Partial<EngineRequest> = {}): EngineRequest => ({
      prompt: Int32Array.from([5, 9, 3, 17]),
      maxTokens: 8,
      stopTokens: [],
      sampling: { temperature: 0, topP: 1, seed: 1 },
      topCount: 2,
      experts: {},
      trace: false,
      ...changes,
    });
    const answer = async (asked: EngineRequest, signal?: AbortSignal) => {
      const tokens: number[] = [];
      const margins: number[] = [];
      const sequence = engine.generate(asked, signal);
      for (;;) {
        const next = await sequence.next();
        if (next.done === true) return { tokens, margins, end: next.value satisfies EngineEnd };
        tokens.push(next.value.token);
        const [first, second] = next.value.top;
        if (first !== undefined && second !== undefined) margins.push(first.logprob - second.logprob);
      }
    };

    test('greedy answers take the most likely token, every time the same', async () => {
      const first = await answer(request());
      expect(first.tokens).toHaveLength(8);
      expect(first.end.reason).toBe('length');
      expect(first.margins.every((margin) => margin >= 0)).toBe(true);
      expect((await answer(request())).tokens).toEqual(first.tokens);
    });

    test('log probabilities are those of a distribution', async () => {
      for await (const { token, logprob, top } of engine.generate(request({ topCount: 5 }))) {
        expect(top).toHaveLength(5);
        expect(top[0]!.token).toBe(token);
        expect(top[0]!.logprob).toBeCloseTo(logprob, 5);
        expect(top.reduce((sum, each) => sum + Math.exp(each.logprob), 0)).toBeLessThanOrEqual(1.0001);
      }
    });

    test('a seed names one answer', async () => {
      const sampled = (seed: number) =>
        request({ maxTokens: 16, sampling: { temperature: 1, topP: 0.95, seed } });
      const first = (await answer(sampled(3))).tokens;
      expect((await answer(sampled(3))).tokens).toEqual(first);
      expect((await answer(sampled(4))).tokens).not.toEqual(first);
    });

    test('a stop token ends the answer and is not part of it', async () => {
      const { tokens } = await answer(request());
      const stop = tokens[3]!;
      const stopped = await answer(request({ stopTokens: [stop] }));
      expect(stopped.tokens).toEqual(tokens.slice(0, tokens.indexOf(stop)));
      expect(stopped.end.reason).toBe('stop');
    });

    test('several at once get the answers they get alone, up to a near-tie', async () => {
      const requests = [4, 9, 14, 21].map((token) => request({ prompt: Int32Array.of(token, 7, token) }));
      const together = await Promise.all(requests.map((each) => answer(each)));
      for (const [i, each] of requests.entries()) {
        const alone = await answer(each);
        const differs = alone.tokens.findIndex((token, at) => token !== together[i]!.tokens[at]);
        if (differs >= 0) expect(alone.margins[differs]).toBeLessThan(1e-3);
      }
    });

    test('is free again after a client leaves in the middle, or gives up beforehand', async () => {
      for await (const _ of engine.generate(request({ maxTokens: 40 }))) break;
      const controller = new AbortController();
      const left = answer(request({ maxTokens: 56 }), controller.signal);
      controller.abort();
      // A small model may have finished before it heard of it.
      expect(['cancelled', 'length']).toContain((await left).end.reason);
      await engine.drained();
      expect((await answer(request())).tokens).toHaveLength(8);
    });

    test('restricts routing and tells of it, or says that it cannot', async () => {
      if (engine.routing === null) {
        const denied = request({ experts: { deny: new Map([[0, [0]]]) } });
        await expect(answer(denied)).rejects.toThrow('routing');
        expect((await answer(request())).end.usage).toBeNull();
        return;
      }
      const { layers, experts } = engine.routing;
      const half = Array.from({ length: experts / 2 }, (_, expert) => expert);
      const deny = new Map(Array.from({ length: layers }, (_, layer) => [layer, half]));
      const { usage } = (await answer(request({ experts: { deny } }))).end;
      for (const row of usage!.experts) {
        expect(row).toHaveLength(experts);
        expect(row.slice(0, half.length).every((tokens) => tokens === 0)).toBe(true);
        expect(row.reduce((a, b) => a + b)).toBeGreaterThan(0);
      }
      for await (const token of engine.generate(request({ trace: true }))) {
        expect(token.experts).toHaveLength(layers);
      }
    });
  });
}
