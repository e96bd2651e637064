import {
  counter,
  createMetrics,
  gauge,
  type Metrics,
  type MetricsRegistry,
  secondsHistogram,
} from '@connito/node';
import type { EmbeddedLedger } from './embedded-ledger.ts';

/** What a process that serves an embedded ledger says about it. */
export const LEDGER_METRICS = {
  headBlock: gauge('ledger_head_block', 'Number of the newest sealed block.'),
  headTime: gauge(
    'ledger_head_timestamp_seconds',
    'When the newest block was sealed, in seconds since 1970.',
  ),
  sealed: counter(
    'ledger_sealed_blocks_total',
    'Blocks sealed: when all live neurons were ready, or because the time bound had passed.',
    ['reason'],
  ),
  blockSeconds: secondsHistogram('ledger_block_duration_seconds', 'How long each block stayed open.'),
  sealingFailures: counter('ledger_sealing_failures_total', 'Attempts to seal a block that failed.'),
  neurons: gauge('ledger_neurons', 'Registered neurons.'),
  absentNeurons: gauge(
    'ledger_absent_neurons',
    'Neurons that are not waited for until they say ready again.',
  ),
  waiters: gauge('ledger_waiting_clients', 'Requests that wait for a block.'),
} as const;

export type LedgerMetrics = Metrics<typeof LEDGER_METRICS>;

/** Metrics of a ledger; a `BlockProducer` records the sealing. */
export function createLedgerMetrics(ledger: EmbeddedLedger, registry?: MetricsRegistry): LedgerMetrics {
  const metrics = createMetrics(LEDGER_METRICS, registry, {
    headBlock: (metric) => metric.set(ledger.head.number),
    headTime: (metric) => metric.set(ledger.head.timestampMs / 1_000),
    neurons: (metric) => metric.set(ledger.registeredHotkeys().length),
    waiters: (metric) => metric.set(ledger.waiting),
  });
  // A counter that appears with its first increase hides it from `increase()`.
  for (const reason of ['all_ready', 'time_bound']) metrics.sealed.inc({ reason }, 0);
  return metrics;
}
