import { mkdir, statfs } from 'node:fs/promises';
import { type Dashboard, serveDashboard } from '@connito/dashboard';
import {
  createProcessMetrics,
  fileError,
  hasCode,
  MetricsRegistry,
  nodeError,
  serveMetrics,
  silentLog,
  systemClock,
} from '@connito/node';
import { type RunDefinition, runIdOf } from '@connito/protocol';
import type { RunContext } from '@connito/run';
import { DirectoryStore } from '@connito/store';
import packageJson from '../../../package.json' with { type: 'json' };
import type { CommandContext } from '../../command/context.ts';
import { EXIT_CODES, type ExitCode } from '../../exit-codes.ts';
import { requireModelFiles, requireRunsModel, SHIPPED_MODEL } from '../../network/base-model.ts';
import { createNetwork, readDefinition } from '../../network/create-network.ts';
import { requireSameNetwork } from '../../network/differing-options.ts';
import { freePorts, requireFreePort } from '../../network/free-ports.ts';
import { layoutOf, type NetworkLayout } from '../../network/layout.ts';
import { LocalNetwork, untilLeftoversEnd } from '../../network/local-network.ts';
import { takeLock } from '../../network/lock.ts';
import { metricsTargets, OBSERVER, processNames, writeTargets } from '../../network/metrics-targets.ts';
import { findNetwork, type Network } from '../../network/network-file.ts';
import { type Addresses, ledgerUrl, NodeCommands, storeUrl } from '../../network/node-commands.ts';
import { compileNodes } from '../../network/node-process.ts';
import { observerLedger } from '../../network/observer-ledger.ts';
import { besideRun } from '../../observe/beside-run.ts';
import { followNetwork } from '../../observe/follow-network.ts';
import { namesOf } from '../../observe/names.ts';
import type { FinishedRound } from '../../observe/network-event.ts';
import {
  createObserverMetrics,
  type ObserverMetrics,
  recordExpertLoad,
  recordingDisplay,
} from '../../observe/observer-metrics.ts';
import { appendHistory, readHistory } from '../../observe/round-history.ts';
import { RunReader } from '../../observe/run-reader.ts';
import { summarize } from '../../observe/summary.ts';
import { displayFor, type NetworkDisplay } from '../../view/network-display.ts';
import { MergeStopwatch } from './merge-stopwatch.ts';
import { UP_DEFAULTS, type UpOptions } from './options.ts';
import { stopRequests } from './stop-requests.ts';

/** A network writes a few megabytes a round; with less than this it would soon stand still. */
const MIN_FREE_BYTES = 256 * 1024 * 1024;
/** Eleven nodes share a laptop's cores: more threads for each would only get in each other's way. */
const THREADS_PER_NODE = 1;

/** Runs a network until it is asked to stop, or has done its rounds. */
export async function up(options: UpOptions, context: CommandContext): Promise<ExitCode> {
  const layout = layoutOf(options.dir);
  await requireSpace(layout.directory);
  await using _lock = await takeLock(layout.lockFile);
  const registry = new MetricsRegistry();
  const metrics = createObserverMetrics(registry);
  createProcessMetrics({ version: packageJson.version, directory: layout.directory }, registry);
  using display = recordingDisplay(displayFor(options, context, systemClock), metrics);

  const stop = new AbortController();
  let network: LocalNetwork | null = null;
  const unsubscribe = context.onStopRequest(
    stopRequests(systemClock, {
      first: () => {
        display.show({ type: 'progress', text: 'Stopping all nodes; Ctrl-C again ends them at once' });
        stop.abort(new DOMException('asked to stop', 'AbortError'));
      },
      again: () => {
        // Nothing is lost by it: what a node had accepted is on the disk.
        network?.kill();
        display[Symbol.dispose]();
        process.exit(EXIT_CODES.interrupted);
      },
    }),
  );
  try {
    const prepared = await orStopped(prepare(layout, options, display, stop.signal), stop.signal);
    network = new LocalNetwork(
      { layout, ...prepared },
      { clock: systemClock, onEvent: (event) => display.show(event) },
    );
    const surroundings = { layout, options, context, display, registry, metrics };
    await run(network, prepared, surroundings, stop.signal);
    return EXIT_CODES.ok;
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return EXIT_CODES.ok;
    throw error;
  } finally {
    await network?.stop();
    unsubscribe();
  }
}

type Prepared = {
  readonly network: Network;
  readonly definition: RunDefinition;
  readonly isFirstStart: boolean;
  readonly addresses: Addresses;
  readonly commands: NodeCommands;
};

/** Everything that can go wrong before a process is started. */
async function prepare(
  layout: NetworkLayout,
  options: UpOptions,
  display: NetworkDisplay,
  signal: AbortSignal,
): Promise<Prepared> {
  await untilLeftoversEnd(layout, systemClock, signal);
  const stored = await findNetwork(layout);
  if (stored !== null) requireSameNetwork(stored, options, layout.directory);
  const wantedPort = options.port ?? stored?.port ?? null;
  const ports = await portsFrom(wantedPort === 0 ? null : wantedPort);

  const network = stored ?? (await firstStart(layout, options, display));
  const addresses = { ...ports, metricsPorts: await metricsPortsFor(network) };
  const definition = await readDefinition(layout, network);
  const model = options.model ?? network.model;
  await requireRunsModel(model, definition);
  const current = { ...network, model };
  return {
    network: current,
    definition,
    isFirstStart: stored === null,
    addresses,
    commands: new NodeCommands(layout, current, addresses, THREADS_PER_NODE),
  };
}

async function firstStart(
  layout: NetworkLayout,
  options: UpOptions,
  display: NetworkDisplay,
): Promise<Network> {
  const model = options.model ?? SHIPPED_MODEL;
  await requireModelFiles(model);
  const compiled = compileNodes();
  const network = await createNetwork(layout, {
    model,
    miners: options.miners ?? UP_DEFAULTS.miners,
    validators: options.validators ?? UP_DEFAULTS.validators,
    domains: options.domains ?? UP_DEFAULTS.domains,
    copycats: options.copycats ?? UP_DEFAULTS.copycats,
    overflowers: options.overflowers ?? UP_DEFAULTS.overflowers,
    innerSteps: options.innerSteps ?? null,
    codec: options.codec ?? null,
    port: options.port === undefined || options.port === 0 ? null : options.port,
    threads: THREADS_PER_NODE,
    nowMs: systemClock.nowMs(),
    onProgress: (text) => display.show({ type: 'progress', text }),
  });
  await compiled;
  return network;
}

type Surroundings = {
  readonly layout: NetworkLayout;
  readonly options: UpOptions;
  readonly context: CommandContext;
  readonly display: NetworkDisplay;
  readonly registry: MetricsRegistry;
  readonly metrics: ObserverMetrics;
};

/** Starts the nodes and tells of every round until asked to stop; then sums up. */
async function run(
  nodes: LocalNetwork,
  prepared: Prepared,
  { layout, options, context, display, registry, metrics }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { network, definition, addresses, isFirstStart } = prepared;
  const history = await readHistory(layout.roundsFile);
  const ledger = observerLedger(new URL(ledgerUrl(addresses)));
  const store = await DirectoryStore.open(layout.artifacts);
  await using dashboard = await dashboardFor(prepared, { ledger, store }, layout, options);
  display.show({
    type: 'started',
    directory: layout.directory,
    run: network.run,
    name: network.name,
    isFirstStart,
    ledgerUrl: ledgerUrl(addresses),
    storeUrl: storeUrl(addresses),
    dashboardUrl: dashboard?.url.href ?? null,
    metrics: metricsTargets(network, addresses.metricsPorts),
    domains: network.domains,
    miners: network.miners,
    validators: network.validators,
  });
  display.show({ type: 'history', rounds: history });

  const log = silentLog;
  await using _served = await serveMetrics(
    { port: addresses.metricsPorts.get(OBSERVER)! },
    { registry, log },
  );
  await writeTargets(layout, network, metricsTargets(network, addresses.metricsPorts));
  const stopwatch = new MergeStopwatch(context.startedAtMs, systemClock);
  const rounds: FinishedRound[] = [];
  const reader = new RunReader({
    definition,
    ledger,
    store,
    network,
    threads: THREADS_PER_NODE,
    onMeasured: (round, measurement) => {
      recordExpertLoad(metrics, measurement);
      dashboard?.measured(round, measurement);
    },
  });
  try {
    const following = async () => {
      await nodes.start(signal);
      await followNetwork(
        {
          ledger,
          reader,
          clock: systemClock,
          schedule: definition.schedule,
          nextRound: (history.at(-1)?.round ?? -1) + 1,
          maxRounds: options.rounds ?? null,
          onEvent: (event) => {
            stopwatch.see(event);
            display.show(event);
          },
          onRound: async (round) => {
            await appendHistory(layout.roundsFile, round);
            rounds.push(round);
            stopwatch.finished(round);
            display.show({ type: 'round', secondsSinceStart: stopwatch.seconds(), ...round });
          },
        },
        signal,
      );
    };
    await orStopped(Promise.race([following(), nodes.failure]), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await writeTargets(layout, network, []);
    await nodes.stop();
    await reader.stop();
    const { secondsToFirstMerge } = stopwatch;
    display.show(summarize(rounds, { directory: layout.directory, run: network.run, secondsToFirstMerge }));
  }
}

/** The dashboard of this network, or null where none is wanted. It shares the measurements of the terminal view. */
async function dashboardFor(
  { network, definition }: Prepared,
  { ledger, store }: Pick<RunContext, 'ledger' | 'store'>,
  layout: NetworkLayout,
  options: UpOptions,
): Promise<Dashboard | null> {
  if (!options.dashboard) return null;
  const beside = await besideRun(options, ledger);
  const serveOn = (port: number): Promise<Dashboard> =>
    serveDashboard({
      ...beside,
      context: { definition, run: runIdOf(definition), ledger, store },
      modelFolder: network.model,
      archivePath: layout.dashboardFile,
      port,
      names: namesOf(network),
      measure: 'given',
    });
  if (options.dashboardPort !== undefined) return serveOn(options.dashboardPort);
  try {
    return await serveOn(UP_DEFAULTS.dashboardPort);
  } catch (error) {
    if (!hasCode(error, 'port_taken')) throw error;
    return serveOn(0);
  }
}

async function portsFrom(port: number | null): Promise<Omit<Addresses, 'metricsPorts'>> {
  if (port === null) {
    const [ledgerPort, storePort] = await freePorts(2);
    return { ledgerPort: ledgerPort!, storePort: storePort! };
  }
  await requireFreePort(port);
  await requireFreePort(port + 1);
  return { ledgerPort: port, storePort: port + 1 };
}

/** Asked for as late as can be, so that nobody else takes them meanwhile. */
async function metricsPortsFor(network: Network): Promise<Addresses['metricsPorts']> {
  const names = processNames(network).map(({ name }) => name);
  const ports = await freePorts(names.length);
  return new Map(names.map((name, i) => [name, ports[i]!]));
}

async function requireSpace(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw fileError(error, directory);
  }
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= MIN_FREE_BYTES) return;
  const megabytes = (bytes: number) => Math.floor(bytes / 1e6);
  const message = `Only ${megabytes(bavail * bsize)} MB are free for ${directory}; a network needs ${megabytes(MIN_FREE_BYTES)} MB. Free some space, or use another file system with --dir.`;
  throw nodeError('disk_full', message, { details: { directory } });
}

/** Does not wait for work that cannot be interrupted: rejects with the signal's reason as soon as it fires. */
function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // Whoever loses the race must not become an unhandled rejection.
  stopped.catch(() => undefined);
  work.catch(() => undefined);
  return Promise.race([work, stopped]);
}
