import { expect, test } from 'vitest';
import { sample } from './sample.ts';

const logits = Float32Array.from([0.5, 2, -1, 1.5, Number.NEGATIVE_INFINITY]);
const share = (temperature: number, topP: number): number[] => {
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) {
    const { token } = sample(logits, { temperature, topP, seed: 3 }, i, 0)!;
    counts[token] = counts[token]! + 1;
  }
  return counts.map((count) => count / 4000);
};

test('temperature 0 takes the most likely token', () => {
  expect(sample(logits, { temperature: 0, topP: 1, seed: 0 }, 0, 0)!.token).toBe(1);
});

test('tokens come as often as their tempered probabilities say', () => {
  for (const temperature of [1, 0.5]) {
    const weights = Array.from(logits, (logit) => Math.exp(logit / temperature));
    const total = weights.reduce((a, b) => a + b);
    // Four standard deviations of a share of 4000.
    share(temperature, 1).forEach((found, token) => {
      expect(Math.abs(found - weights[token]! / total)).toBeLessThan(0.032);
    });
  }
});

test('top-p draws from the fewest tokens that make up the mass', () => {
  const [a, b, c, d, e] = share(1, 0.8);
  expect([a, c, e]).toEqual([0, 0, 0]);
  expect(b! + d!).toBe(1);
  expect(b! / d!).toBeCloseTo(Math.exp(0.5), 0);
  expect(share(1, 1e-9)[1]).toBe(1);
});

test('log probabilities are those of the model, most likely first', () => {
  const { logprob, top } = sample(logits, { temperature: 0.1, topP: 0.5, seed: 0 }, 0, 3)!;
  expect(top.map(({ token }) => token)).toEqual([1, 3, 0]);
  expect(logprob).toBe(top[0]!.logprob);
  const total = Array.from(logits, Math.exp).reduce((x, y) => x + y);
  expect(logprob).toBeCloseTo(2 - Math.log(total), 6);
});

test('logits that are not finite give no token', () => {
  for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(sample(Float32Array.of(1, broken), { temperature: 1, topP: 1, seed: 0 }, 0, 0)).toBeNull();
  }
});
