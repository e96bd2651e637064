import {
  counter,
  createMetrics,
  gauge,
  type Metrics,
  type MetricsRegistry,
  secondsHistogram,
} from '@connito/node';
import { type ConsensusScore, NANO_NATS_PER_NAT, type Report } from '@connito/protocol';

/** What a validator says about its work and about how it stands to the others. */
export const VALIDATOR_METRICS = {
  minerScore: gauge(
    'validator_miner_score',
    'Score of each miner in this validator’s last report, in nats per token; 0 where it earns nothing.',
    ['miner_uid'],
  ),
  agreedScore: gauge(
    'validator_agreed_miner_score',
    'Score of each miner that the validators agreed on in the last round, in nats per token.',
    ['miner_uid'],
  ),
  evalLatency: secondsHistogram(
    'validator_eval_latency_seconds',
    'Measuring one update, or one candidate merge, on an exam.',
  ),
  reports: counter('validator_reports_total', 'Reports this validator committed to.'),
  outcomes: counter(
    'validator_outcomes_total',
    'Miners in this validator’s reports by outcome, and by the reason for a zero or an abstention.',
    ['outcome', 'reason'],
  ),
  votes: counter('validator_votes_total', 'Votes of this validator on a round’s merge.'),
  chainWeights: gauge('validator_weighted_miners', 'Miners with a chain weight in the last ones set.'),
  states: counter(
    'validator_states_total',
    'Finished rounds by the state this validator posted: the canonical one, another one, or none; all are `void` in a void round.',
    ['state'],
  ),
} as const;

export type ValidatorMetrics = Metrics<typeof VALIDATOR_METRICS>;

/** How the state that a validator posted compares with the canonical one. */
export type StateComparison = 'canonical' | 'other' | 'none' | 'void';

export function createValidatorMetrics(registry?: MetricsRegistry): ValidatorMetrics {
  const metrics = createMetrics(VALIDATOR_METRICS, registry);
  // A counter that appears with its first increase hides it from `increase()`.
  for (const state of ['canonical', 'other', 'none', 'void'] satisfies StateComparison[]) {
    metrics.states.inc({ state }, 0);
  }
  metrics.outcomes.inc({ outcome: 'abstained', reason: 'validator_abstained' }, 0);
  return metrics;
}

/** Records what a report says of each miner. */
export function recordReport(metrics: ValidatorMetrics, report: Report): void {
  metrics.reports.inc();
  metrics.minerScore.reset();
  for (const outcome of report.outcomes) {
    const { kind, uid, reason } = outcome;
    const duplicate = outcome.kind === 'scored' ? outcome.duplicate : null;
    metrics.outcomes.inc({ outcome: kind, reason: duplicate?.reason ?? reason ?? 'none' });
    const isPaid = outcome.kind === 'scored' && duplicate === null;
    const score = isPaid ? outcome.scoreNanoNats / NANO_NATS_PER_NAT : 0;
    metrics.minerScore.set({ miner_uid: uid }, score);
  }
}

/** Records what the validators agreed on. */
export function recordAgreedScores(metrics: ValidatorMetrics, scores: readonly ConsensusScore[]): void {
  metrics.agreedScore.reset();
  for (const { uid, scoreNanoNats } of scores) {
    metrics.agreedScore.set({ miner_uid: uid }, scoreNanoNats / NANO_NATS_PER_NAT);
  }
}
