import { type Clock, type HttpServer, type Log, serve, silentLog, systemClock } from '@connito/node';
import { ConnitoError, type StateHash } from '@connito/protocol';
import { genesisHashOf, Participants, Reporter, type RunContext, type StateMeasurement } from '@connito/run';
import { createDashboardApp } from './api/app.ts';
import type { MarketFacts } from './api/schemas/market.ts';
import { Archive } from './archive/archive.ts';
import { EventHub } from './live/event-hub.ts';
import { Faults } from './live/faults.ts';
import { NetworkWatch } from './live/network-watch.ts';
import { RoundIndexer } from './live/round-indexer.ts';
import { StateMeter } from './live/state-meter.ts';
import { UpdateMeter } from './live/update-meter.ts';
import { GatewayReader } from './outside/gateway-reader.ts';
import { Polled, type Source } from './outside/polled.ts';
import { pageFiles } from './page-files.ts';
import { healthOf, type LiveSource } from './views/health.ts';

export type DashboardOptions = {
  readonly context: RunContext;
  /** The run's base model, which decides the first state's hash. */
  readonly modelFolder: string;
  /** SQLite file of the archive; made anew where it is missing. */
  readonly archivePath: string;
  readonly port: number;
  /** Default 127.0.0.1. Any other address lets others read what follows from ledger and store, and local names. */
  readonly host?: string;
  readonly names?: ReadonlyMap<string, string>;
  /** `own`: measure states with a model in this process. `given`: somebody hands measurements in. */
  readonly measure: 'own' | 'given' | 'none';
  readonly threads?: number;
  /** Whether the ledger is that of a network that does not run. */
  readonly isStopped?: boolean;
  /** A market to show beside the run. */
  readonly market?: Source<MarketFacts>;
  /** A server of models to show. */
  readonly serving?: { readonly url: URL; readonly apiKey?: string };
  /** Where the bundled page is kept. */
  readonly pageCache?: string;
  readonly clock?: Clock;
  readonly log?: Log;
};

export type Dashboard = AsyncDisposable & {
  readonly url: URL;
  /** Takes in a measurement of the state that `round` starts from. */
  measured(round: number, measurement: StateMeasurement): void;
  stop(): Promise<void>;
};

const MARKET_EVERY_MS = 10_000;
const SERVING_EVERY_MS = 5_000;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * Serves the dashboard of a run and keeps it up to date. Resolves once it answers, which does not wait for the ledger.
 * Fails with `port_taken`, `archive_unusable` or `page_unusable`.
 */
export async function serveDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { context, host = '127.0.0.1', port, clock = systemClock, log = silentLog } = options;
  const archive = Archive.open(options.archivePath, context.run);
  try {
    const page = await pageFiles(options.pageCache);
    const hub = new EventHub();
    const faults: Faults = new Faults(clock, () => hub.emit({ name: 'health', data: healthOf(source) }));
    const participants = new Participants(context, archive.declarationLog());
    const watch = new NetworkWatch(context, { participants, clock, hub, faults });
    const polled = { clock, hub, faults };
    const market =
      options.market === undefined
        ? null
        : new Polled(options.market, { part: 'market', everyMs: MARKET_EVERY_MS }, polled);
    const serving =
      options.serving === undefined
        ? null
        : new Polled(
            new GatewayReader({ ...options.serving, nowMs: () => clock.nowMs() }),
            { part: 'serving', everyMs: SERVING_EVERY_MS },
            polled,
          );
    const source: LiveSource = {
      context,
      archive,
      names: options.names ?? new Map(),
      watch,
      faults,
      clock,
      measures: options.measure !== 'none',
      isStopped: options.isStopped ?? false,
      market,
      serving,
    };
    const app = createDashboardApp({ source, hub, page, clock, log, loopback: LOOPBACK.has(host) });
    const server = await serve({ fetch: app.fetch, host, port, graceMs: 0 });
    const stop = new AbortController();
    const working = [
      watch.follow(stop.signal),
      market?.follow(stop.signal),
      serving?.follow(stop.signal),
      follow(options, { archive, participants, watch, hub, faults, clock }, stop.signal).catch(
        (error: unknown) => {
          // A defect of ours must not end the network this may be part of.
          faults.set('rounds', error);
          log.error('The dashboard cannot go on', { error });
        },
      ),
    ];
    return dashboardOf(server, {
      measured: (round, measurement) => {
        try {
          archive.addMeasurement(round, measurement);
          faults.clear('measuring');
          hub.emit({ name: 'measured', data: { round } });
        } catch (error) {
          // Whoever measures has more to do than to feed this archive.
          faults.set('measuring', error);
        }
      },
      stop: async () => {
        stop.abort();
        await server.stop();
        await Promise.all(working);
        archive[Symbol.dispose]();
      },
    });
  } catch (error) {
    archive[Symbol.dispose]();
    throw error;
  }
}

type LiveParts = {
  readonly archive: Archive;
  readonly participants: Participants;
  readonly watch: NetworkWatch;
  readonly hub: EventHub;
  readonly faults: Faults;
  readonly clock: Clock;
};

/** Indexes finished rounds and, where asked to, measures their states. */
async function follow(options: DashboardOptions, parts: LiveParts, signal: AbortSignal): Promise<void> {
  const { context, modelFolder, measure, threads = 1 } = options;
  const genesis = await firstStateOf(options, parts);
  if (genesis === null) return;
  const indexer = new RoundIndexer(context, genesis, parts);
  const { readers } = indexer;
  await Promise.all([
    indexer.follow(signal),
    ...(measure === 'none' ? [] : [new UpdateMeter(context, parts).follow(signal)]),
    ...(measure === 'own'
      ? [
          new StateMeter(context, {
            ...parts,
            readers,
            openReporter: () => Reporter.create(context, { modelFolder, threads }),
          }).follow(signal),
        ]
      : []),
  ]);
}

/** The first state's hash, computed once from the base model and then remembered. */
async function firstStateOf(
  { context, modelFolder }: DashboardOptions,
  { archive, faults }: LiveParts,
): Promise<StateHash | null> {
  const known = archive.getMeta('genesis');
  if (known !== null) return known as StateHash;
  try {
    const hash = await genesisHashOf(context, modelFolder);
    archive.setMeta('genesis', hash);
    return hash;
  } catch (error) {
    if (!(error instanceof ConnitoError)) throw error;
    faults.set('rounds', error);
    return null;
  }
}

function dashboardOf(server: HttpServer, parts: Pick<Dashboard, 'measured' | 'stop'>): Dashboard {
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopped ??= parts.stop();
    return stopped;
  };
  return { url: server.url, measured: parts.measured, stop, [Symbol.asyncDispose]: stop };
}
