import type { Ledger } from '@connito/ledger';
import { type Clock, type Log, sleep, systemClock } from '@connito/node';
import { ConnitoError, type PhasePoint, phaseAt, type RunDefinition } from '@connito/protocol';
import { createRunMetrics, type RunMetrics, recordHead } from './metrics.ts';

/** An open block that belongs to a round. */
export type RoundPoint = Exclude<PhasePoint, { phase: 'waiting' }>;

export type FollowDependencies = {
  readonly definition: Pick<RunDefinition, 'schedule'>;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly clock?: Clock;
  readonly metrics?: RunMetrics;
};

/** Does what an open block's phase asks for. May be called again for the same block, and then only does what is left. */
export type Act = (point: RoundPoint, openBlock: number, signal: AbortSignal) => Promise<void>;

/** Pause before a block's work is tried again. */
const RETRY_MS = 500;

/**
 * Calls `act` for every open block this node sees, then says that it is ready. Work that fails with advice `retry` is tried
 * again while the block is open; any other failure that is not fatal costs the block's work and is logged. A node that was
 * busy past a block goes on with the newest: what it missed is missed. Ends when the signal aborts.
 */
export async function followRounds(
  { definition, ledger, log, clock = systemClock, metrics = createRunMetrics() }: FollowDependencies,
  act: Act,
  signal: AbortSignal,
): Promise<void> {
  let head = await ledger.head(signal);
  while (!signal.aborted) {
    const openBlock = head.number + 1;
    const point = phaseAt(openBlock, definition.schedule);
    recordHead(metrics, head, point);
    if (point.phase !== 'waiting') {
      for (;;) {
        const startedAtMs = clock.nowMs();
        const failure = await attempt(() => act(point, openBlock, signal), signal);
        const { phase, round } = point;
        metrics.workSeconds.observe({ phase }, (clock.nowMs() - startedAtMs) / 1_000);
        if (failure === null) break;
        metrics.failures.inc({ phase, code: failure.code });
        log.error('A block was not dealt with', { block: openBlock, phase, round, error: failure });
        if (failure.advice !== 'retry') break;
        await sleep(clock, RETRY_MS, signal);
        if ((await ledger.head(signal)).number >= openBlock) break;
      }
    }
    await ledger.ready(openBlock, signal);
    head = await ledger.waitForBlock(openBlock, signal);
  }
}

/** The failure of some work, or null. Throws what must stop the node: programming mistakes and fatal errors. */
async function attempt(work: () => Promise<void>, signal: AbortSignal): Promise<ConnitoError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ConnitoError) || error.advice === 'fatal') throw error;
    return error;
  }
}
