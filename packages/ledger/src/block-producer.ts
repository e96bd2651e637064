import { type Clock, type Log, type Service, silentLog, systemClock } from '@connito/node';
import type { EmbeddedLedger } from './embedded-ledger.ts';
import { createLedgerMetrics, type LedgerMetrics } from './metrics.ts';
import { type BlockPace, SealingRule } from './sealing-rule.ts';

export type BlockProducerDependencies = {
  readonly ledger: EmbeddedLedger;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly metrics?: LedgerMetrics;
};

/** After a failed sealing (a full disk, say) the next attempt waits so long. */
const RETRY_MS = 1_000;

/** Seals blocks of an embedded ledger by a `SealingRule`. One timer at most, none while nothing can happen. */
export class BlockProducer implements Service {
  readonly name = 'block producer';
  readonly #pace: BlockPace;
  readonly #ledger: EmbeddedLedger;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #metrics: LedgerMetrics;
  #stop: (() => void) | null = null;

  constructor(pace: BlockPace, dependencies: BlockProducerDependencies) {
    this.#pace = pace;
    this.#ledger = dependencies.ledger;
    this.#clock = dependencies.clock ?? systemClock;
    this.#log = dependencies.log ?? silentLog;
    this.#metrics = dependencies.metrics ?? createLedgerMetrics(dependencies.ledger);
  }

  async start(): Promise<void> {
    if (this.#stop !== null) return;
    const rule = new SealingRule(this.#pace, this.#clock.nowMs());
    for (const hotkey of this.#ledger.registeredHotkeys()) rule.registered(hotkey);
    let openedAtMs = this.#clock.nowMs();
    let cancelTimer = () => {};

    const seal = (reason: string) => {
      const block = this.#ledger.seal();
      this.#metrics.sealed.inc({ reason });
      this.#metrics.blockSeconds.observe((this.#clock.nowMs() - openedAtMs) / 1_000);
      openedAtMs = this.#clock.nowMs();
      const absent = rule.sealed(block.number);
      this.#log.debug('Block sealed', { block: block.number, reason, absent: absent.length });
      for (const hotkey of absent) this.#log.warn('Neuron is absent', { hotkey, block: block.number });
      this.#metrics.absentNeurons.set(rule.absent);
    };
    const consider = () => {
      cancelTimer();
      let untilMs: number | null;
      try {
        const decision = rule.decide(
          { number: this.#ledger.head.number + 1, openedAtMs },
          this.#clock.nowMs(),
        );
        if (decision.kind === 'seal') seal(decision.reason);
        // After sealing, a fresh look once callers had their turn: with no minimum, blocks must not starve them.
        untilMs = decision.kind === 'seal' ? this.#clock.nowMs() : decision.untilMs;
      } catch (error) {
        this.#metrics.sealingFailures.inc();
        this.#log.error('Sealing failed', { error });
        untilMs = this.#clock.nowMs() + RETRY_MS;
      }
      if (untilMs === null) return;
      cancelTimer = this.#clock.setTimer(untilMs - this.#clock.nowMs(), consider);
    };

    const stopObserving = this.#ledger.observe({
      registered: (hotkey) => {
        rule.registered(hotkey);
        consider();
      },
      ready: (hotkey, number) => {
        rule.ready(hotkey, number, this.#ledger.head.number + 1);
        this.#metrics.absentNeurons.set(rule.absent);
        consider();
      },
    });
    this.#metrics.absentNeurons.set(rule.absent);
    this.#stop = () => {
      stopObserving();
      cancelTimer();
    };
    consider();
  }

  async stop(): Promise<void> {
    this.#stop?.();
    this.#stop = null;
  }
}
