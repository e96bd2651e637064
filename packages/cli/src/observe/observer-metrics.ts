import { counter, createMetrics, gauge, type Metrics, type MetricsRegistry } from '@connito/node';
import type { StateMeasurement } from '@connito/run';
import type { NetworkDisplay } from '../view/network-display.ts';
import type { FinishedRound, NetworkEvent } from './network-event.ts';

/** What the process that watches a local network says about it: figures that no single node knows. */
export const OBSERVER_METRICS = {
  round: gauge('observer_last_round', 'The last finished round that was read.'),
  rounds: counter('observer_rounds_total', 'Finished rounds by outcome: canonical or void.', ['outcome']),
  disagreements: counter(
    'observer_disagreed_rounds_total',
    'Finished rounds in which a validator posted another state than the canonical one.',
  ),
  domainLoss: gauge(
    'observer_domain_loss',
    'Loss on the reporting texts of an adapted domain after the last round, in nats per token.',
    ['domain'],
  ),
  domainReduction: gauge(
    'observer_domain_loss_reduction',
    'Paired reduction of that loss since the base model, in nats per token: the mean, and the bounds of its 95 % interval.',
    ['domain', 'value'],
  ),
  generalLoss: gauge(
    'observer_general_loss',
    'Loss on reporting texts that no group trains on after the last round, in nats per token.',
  ),
  mergedUpdates: gauge('observer_merged_updates', 'Updates merged in the last round.', ['domain']),
  stepScale: gauge('observer_step_scale', 'Step scale voted for in the last round; 0 where nothing moved.', [
    'domain',
  ]),
  minerScore: gauge('observer_miner_score', 'Agreed score in the last round, in nats per token.', [
    'miner_uid',
    'miner',
  ]),
  minerIncentive: gauge(
    'observer_miner_incentive_ratio',
    'Part of all miners’ incentive in the last round, 0 to 1.',
    ['miner_uid', 'miner'],
  ),
  minerSentBytes: counter('observer_miner_sent_bytes_total', 'Bytes of bundles and reveal documents.', [
    'miner_uid',
    'miner',
  ]),
  minerOutcomes: counter(
    'observer_miner_outcomes_total',
    'Finished rounds by what became of a miner in them: `scored`, or the reason for a zero.',
    ['miner_uid', 'miner', 'reason'],
  ),
  running: gauge('observer_process_running', '1 while a process of the network runs, else 0.', ['process']),
  crashes: counter('observer_process_crashes_total', 'Times a process ended that was not asked to.', [
    'process',
  ]),
  expertLoad: gauge(
    'moe_expert_load',
    'Part of a layer’s (token, expert) choices that falls on an expert, 0 to 1: the mean over all reporting texts.',
    ['layer_idx', 'expert_idx'],
  ),
  domainExpertLoad: gauge('moe_domain_expert_load', 'The same on the reporting text of one domain.', [
    'domain',
    'layer_idx',
    'expert_idx',
  ]),
} as const;

export type ObserverMetrics = Metrics<typeof OBSERVER_METRICS>;

export function createObserverMetrics(registry?: MetricsRegistry): ObserverMetrics {
  const metrics = createMetrics(OBSERVER_METRICS, registry);
  // A counter that appears with its first increase hides it from `increase()`.
  for (const outcome of ['canonical', 'void']) metrics.rounds.inc({ outcome }, 0);
  return metrics;
}

/** A display that records what it shows. */
export function recordingDisplay(display: NetworkDisplay, metrics: ObserverMetrics): NetworkDisplay {
  return {
    show: (event) => {
      if (event.type === 'round') recordRound(metrics, event);
      else if (event.type === 'process') recordProcess(metrics, event);
      display.show(event);
    },
    [Symbol.dispose]: () => display[Symbol.dispose](),
  };
}

function recordRound(metrics: ObserverMetrics, round: FinishedRound): void {
  metrics.round.set(round.round);
  metrics.rounds.inc({ outcome: round.outcome });
  metrics.disagreements.inc(round.outcome === 'canonical' && !round.agreed ? 1 : 0);
  metrics.generalLoss.set(round.generalLossAfter);
  for (const { domain, lossAfter, sinceStart, mergedUpdates, scale } of round.groups) {
    const [lower, upper] = sinceStart.interval;
    metrics.domainLoss.set({ domain }, lossAfter);
    metrics.domainReduction.set({ domain, value: 'mean' }, sinceStart.reduction);
    metrics.domainReduction.set({ domain, value: 'lower' }, lower);
    metrics.domainReduction.set({ domain, value: 'upper' }, upper);
    metrics.mergedUpdates.set({ domain }, mergedUpdates);
    metrics.stepScale.set({ domain }, scale);
  }
  for (const { uid, name, score, incentive, bytesSent, reason } of round.miners) {
    const miner = { miner_uid: uid, miner: name };
    metrics.minerScore.set(miner, score);
    metrics.minerIncentive.set(miner, incentive);
    metrics.minerSentBytes.inc(miner, bytesSent);
    metrics.minerOutcomes.inc({ ...miner, reason: reason ?? 'scored' });
  }
}

function recordProcess(
  metrics: ObserverMetrics,
  { name, event }: Extract<NetworkEvent, { type: 'process' }>,
): void {
  metrics.running.set({ process: name }, event === 'started' ? 1 : 0);
  metrics.crashes.inc({ process: name }, event === 'crashed' || event === 'gave_up' ? 1 : 0);
}

/** Records how a state routes the reporting texts, where that was profiled. */
export function recordExpertLoad(metrics: ObserverMetrics, { domains }: StateMeasurement): void {
  const profiled = domains.flatMap(({ domain, load }) => (load === null ? [] : [{ domain, load }]));
  for (const { domain, load } of profiled) {
    for (const [layer, row] of load.entries()) {
      for (const [expert, share] of row.entries()) {
        metrics.domainExpertLoad.set({ domain, layer_idx: layer, expert_idx: expert }, share);
        const all = profiled.reduce((sum, other) => sum + other.load[layer]![expert]!, 0) / profiled.length;
        metrics.expertLoad.set({ layer_idx: layer, expert_idx: expert }, all);
      }
    }
  }
}
