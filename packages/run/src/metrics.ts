import {
  counter,
  createMetrics,
  gauge,
  type Metrics,
  type MetricsRegistry,
  secondsHistogram,
} from '@connito/node';
import { PHASES, type PhasePoint } from '@connito/protocol';

/** What every node that follows a run's rounds says about them, whatever its role. */
export const RUN_METRICS = {
  neuron: gauge('connito_neuron_info', 'Always 1; the labels say who this node is.', [
    'uid',
    'hotkey',
    'run',
  ]),
  headBlock: gauge('connito_head_block', 'Number of the newest sealed block this node has seen.'),
  headTime: gauge(
    'connito_head_timestamp_seconds',
    'When the newest block this node has seen was sealed, in seconds since 1970.',
  ),
  round: gauge('connito_round', 'Round of the open block.'),
  phase: gauge('connito_phase', '1 for the phase of the open block, 0 for the others.', ['phase']),
  blocksLeft: gauge('connito_phase_blocks_left', 'Blocks after the open one that belong to the same window.'),
  workSeconds: secondsHistogram(
    'connito_phase_work_duration_seconds',
    'How long this node worked for an open block, by its phase.',
    ['phase'],
  ),
  failures: counter(
    'connito_block_failures_total',
    'Times the work for a block failed, by phase and error code.',
    ['phase', 'code'],
  ),
  rounds: counter(
    'connito_rounds_total',
    'Rounds this node saw end: canonical where a new state holds, void where the one before stands.',
    ['outcome'],
  ),
  engineSeconds: secondsHistogram(
    'connito_engine_call_duration_seconds',
    'How long calls of the model took, by what was asked for.',
    ['call'],
  ),
} as const;

export type RunMetrics = Metrics<typeof RUN_METRICS>;

export function createRunMetrics(registry?: MetricsRegistry): RunMetrics {
  const metrics = createMetrics(RUN_METRICS, registry);
  // A counter that appears with its first increase hides it from `increase()`.
  for (const outcome of ['canonical', 'void']) metrics.rounds.inc({ outcome }, 0);
  return metrics;
}

/** Records the newest sealed block and where the open one lies. */
export function recordHead(
  metrics: RunMetrics,
  head: { readonly number: number; readonly timestampMs: number },
  point: PhasePoint,
): void {
  metrics.headBlock.set(head.number);
  metrics.headTime.set(head.timestampMs / 1_000);
  if (point.phase !== 'waiting') metrics.round.set(point.round);
  for (const phase of PHASES) metrics.phase.set({ phase }, phase === point.phase ? 1 : 0);
  metrics.blocksLeft.set(point.blocksLeft);
}
