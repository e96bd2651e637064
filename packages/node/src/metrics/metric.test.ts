import { describe, expect, test } from 'vitest';
import { counter, createMetrics, gauge, MetricsRegistry, secondsHistogram } from './metric.ts';

const DECLARED = {
  rounds: counter('miner_rounds_total', 'Rounds.', ['outcome']),
  loss: gauge('miner_loss', 'Loss in nats per token.'),
  seconds: secondsHistogram('miner_work_duration_seconds', 'Work.'),
} as const;

describe('declared metrics', () => {
  test('are written in the text format with what was recorded', async () => {
    const registry = new MetricsRegistry();
    const metrics = createMetrics(DECLARED, registry);
    metrics.rounds.inc({ outcome: 'void' });
    metrics.rounds.inc({ outcome: 'void' }, 2);
    metrics.loss.set(3.5);
    metrics.seconds.observe(0.3);
    const text = await registry.metrics();
    expect(text).toContain('# TYPE miner_rounds_total counter\nminer_rounds_total{outcome="void"} 3\n');
    expect(text).toContain('miner_loss 3.5\n');
    expect(text).toContain('miner_work_duration_seconds_bucket{le="0.25"} 0\n');
    expect(text).toContain('miner_work_duration_seconds_bucket{le="0.5"} 1\n');
    expect(text).toContain('miner_work_duration_seconds_sum 0.3\n');
  });

  test('a value that nobody has measured is not there', async () => {
    const registry = new MetricsRegistry();
    const { loss } = createMetrics(DECLARED, registry);
    expect(await registry.metrics()).not.toMatch(/^miner_loss /m);
    loss.set(0);
    expect(await registry.metrics()).toMatch(/^miner_loss 0$/m);
  });

  test('of two roles in one process do not meet', async () => {
    const first = createMetrics(DECLARED);
    const registry = new MetricsRegistry();
    createMetrics(DECLARED, registry);
    first.loss.set(9);
    expect(await registry.metrics()).not.toContain('miner_loss 9');
  });

  test('a name that is taken is refused', () => {
    const registry = new MetricsRegistry();
    createMetrics(DECLARED, registry);
    expect(() => createMetrics(DECLARED, registry)).toThrow(/miner_rounds_total/);
  });

  test('are collected when asked for; one that cannot be leaves the others', async () => {
    const registry = new MetricsRegistry();
    let value = 1;
    createMetrics(DECLARED, registry, {
      loss: (metric) => metric.set(value),
      seconds: () => Promise.reject(new Error('gone')),
    });
    value = 2;
    expect(await registry.metrics()).toContain('miner_loss 2\n');
  });

  test('label values cannot break out of a line', async () => {
    const registry = new MetricsRegistry();
    createMetrics(DECLARED, registry).rounds.inc({ outcome: 'a"} 1\nforged 7' });
    const lines = (await registry.metrics()).split('\n');
    expect(lines.filter((line) => line.startsWith('forged'))).toEqual([]);
  });

  test('labels that are not declared, or missing, do not compile', () => {
    const metrics = createMetrics(DECLARED);
    // @ts-expect-error: no such label
    expect(() => metrics.rounds.inc({ phase: 'void' })).toThrow();
    // @ts-expect-error: the label is missing
    metrics.rounds.inc();
    // @ts-expect-error: there are no labels
    expect(() => metrics.loss.set({ outcome: 'void' }, 1)).toThrow();
  });
});
