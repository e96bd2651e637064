import type { Clock } from '@connito/node';
import type { Health } from '../api/schemas/health.ts';
import type { MarketFacts } from '../api/schemas/market.ts';
import type { ServingFacts } from '../api/schemas/serving.ts';
import type { Faults } from '../live/faults.ts';
import type { NetworkWatch } from '../live/network-watch.ts';
import type { Polled } from '../outside/polled.ts';
import { expectedSeconds } from './expected-seconds.ts';
import { rowsOf, type ViewSource } from './source.ts';

export type LiveSource = ViewSource & {
  readonly watch: NetworkWatch;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly measures: boolean;
  /** Whether the ledger is a copy of a stopped network's. */
  readonly isStopped: boolean;
  /** Null where no market is shown. */
  readonly market: Polled<MarketFacts> | null;
  /** Null where no server of models is shown. */
  readonly serving: Polled<ServingFacts> | null;
};

/** A block may take a few times longer than usual before the data count as stale, and always at least this. */
const PATIENCE_SECONDS = 60;
const PATIENCE_FACTOR = 3;

export function healthOf(source: LiveSource): Health {
  const { watch, faults, archive, clock } = source;
  const [measured] = rowsOf(source, 'SELECT count(*) AS count FROM measurement');
  const { seconds } = expectedSeconds(source);
  const longest = Math.max(0, ...seconds.values());
  const patienceMs = 1000 * Math.max(PATIENCE_SECONDS, PATIENCE_FACTOR * longest);
  const quiet = watch.head === null || clock.nowMs() - watch.headSeenAtMs > patienceMs;
  return {
    state: faults.all.length > 0 ? 'degraded' : source.isStopped || quiet ? 'stale' : 'live',
    faults: faults.all.map((fault) => ({ ...fault })),
    headBlock: watch.head?.number ?? null,
    headSealedAtMs: watch.head?.timestampMs ?? null,
    indexedRounds: archive.nextRound,
    finishedRounds: watch.finishedRounds,
    measuredStates: Number(measured?.count ?? 0),
    measuring: source.measures,
  };
}
