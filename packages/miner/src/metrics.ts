import {
  counter,
  createMetrics,
  gauge,
  type Metrics,
  type MetricsRegistry,
  secondsHistogram,
} from '@connito/node';
import { type ConsensusScore, NANO_NATS_PER_NAT, REASON_CODES } from '@connito/protocol';

/** What a miner says about its work and what became of it. */
export const MINER_METRICS = {
  trainingLoss: gauge('miner_training_loss', 'Loss of the last inner step, in nats per token.'),
  firstLoss: gauge('miner_first_training_loss', 'Loss of the round’s first inner step, in nats per token.'),
  tokensPerSecond: gauge('miner_tokens_per_sec', 'Trained tokens per second of the last round’s training.'),
  trainedTokens: counter('miner_trained_tokens_total', 'Tokens trained on.'),
  innerSteps: counter('miner_inner_steps_total', 'Optimiser steps done.'),
  trainingSeconds: secondsHistogram('miner_training_duration_seconds', 'Training of one round.'),
  bundleBytes: gauge('miner_bundle_bytes', 'Size of the last update as it is sent.'),
  submissions: counter('miner_submissions_total', 'Notes included for this miner’s updates, by kind.', [
    'note',
  ]),
  score: gauge(
    'miner_round_score',
    'Score the validators agreed on for this miner in the last finished round, in nats per token.',
  ),
  incentive: gauge(
    'miner_round_incentive_ratio',
    'This miner’s part of all miners’ incentive in the last finished round, 0 to 1.',
  ),
  outcomes: counter(
    'miner_round_outcomes_total',
    'Finished rounds by what became of this miner in them: `scored`, or the reason for a zero.',
    ['reason'],
  ),
} as const;

export type MinerMetrics = Metrics<typeof MINER_METRICS>;

/** The outcome of a round in which this miner earned. */
export const SCORED = 'scored';

export function createMinerMetrics(registry?: MetricsRegistry): MinerMetrics {
  const metrics = createMetrics(MINER_METRICS, registry);
  // A counter that appears with its first increase hides it from `increase()`.
  for (const reason of [SCORED, ...REASON_CODES]) metrics.outcomes.inc({ reason }, 0);
  for (const note of ['commit', 'reveal']) metrics.submissions.inc({ note }, 0);
  return metrics;
}

/** Records one round's training. */
export function recordTraining(
  metrics: MinerMetrics,
  training: {
    readonly losses: readonly number[];
    readonly trainedTokens: number;
    readonly innerSteps: number;
    readonly seconds: number;
    readonly bundleBytes: number;
  },
): void {
  const { losses, trainedTokens, innerSteps, seconds, bundleBytes } = training;
  // A strategy that does not train has no losses.
  if (losses.length > 0) {
    metrics.firstLoss.set(losses[0]!);
    metrics.trainingLoss.set(losses.at(-1)!);
  }
  metrics.trainedTokens.inc(trainedTokens);
  metrics.innerSteps.inc(innerSteps);
  metrics.trainingSeconds.observe(seconds);
  if (seconds > 0) metrics.tokensPerSecond.set(trainedTokens / seconds);
  metrics.bundleBytes.set(bundleBytes);
}

/** Records what a round brought a miner: its agreed score, null where too little stake judged, and its incentive. */
export function recordOutcome(metrics: MinerMetrics, score: ConsensusScore | null, incentive: number): void {
  metrics.score.set((score?.scoreNanoNats ?? 0) / NANO_NATS_PER_NAT);
  metrics.incentive.set(incentive);
  metrics.outcomes.inc({ reason: score === null ? 'unavailable' : (score.reason ?? SCORED) });
}
