import { mkdir } from 'node:fs/promises';
import { type Clock, fileError, HttpClient, sleep } from '@connito/node';
import type { ConnitoError } from '@connito/protocol';
import { cliError } from '../errors.ts';
import type { NetworkEvent } from '../observe/network-event.ts';
import type { NetworkLayout } from './layout.ts';
import { rotateLog } from './log-file.ts';
import type { Network } from './network-file.ts';
import { type Addresses, ledgerUrl, type NodeCommands, storeUrl } from './node-commands.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import { type NetworkProcesses, readProcesses, writeProcesses } from './processes-file.ts';
import type { ProcessEvent, ProcessSpec } from './supervised-process.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

export type LocalNetworkOptions = {
  readonly layout: NetworkLayout;
  readonly network: Network;
  readonly addresses: Addresses;
  readonly commands: NodeCommands;
  readonly supervisor?: SupervisorOptions;
};

export type LocalNetworkDependencies = {
  readonly clock: Clock;
  readonly onEvent: (event: Extract<NetworkEvent, { type: 'process' | 'warning' }>) => void;
};

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 50;
/** How long processes of a start that was killed may take to notice. */
const LEFTOVER_TIMEOUT_MS = 15_000;

/** All processes of a network on this machine. */
export class LocalNetwork {
  readonly #options: LocalNetworkOptions;
  readonly #clock: Clock;
  readonly #onEvent: LocalNetworkDependencies['onEvent'];
  readonly #supervisor: Supervisor;
  readonly #startedAt: string;
  readonly #fatal = Promise.withResolvers<never>();
  #recording: Promise<void> = Promise.resolve();

  constructor(options: LocalNetworkOptions, { clock, onEvent }: LocalNetworkDependencies) {
    this.#options = options;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#startedAt = new Date(clock.nowMs()).toISOString();
    this.#fatal.promise.catch(() => undefined);
    const observe = (spec: ProcessSpec, event: ProcessEvent) => this.#observe(spec, event);
    this.#supervisor = new Supervisor({ clock, onEvent: observe }, options.supervisor);
  }

  /** Rejects with `process_gave_up` once the network cannot go on: see `#requireEnough`. Never resolves. */
  get failure(): Promise<never> {
    return this.#fatal.promise;
  }

  /** Starts ledger and store, and when they answer, the nodes. */
  async start(signal: AbortSignal): Promise<void> {
    const { commands, addresses, network, layout } = this.#options;
    await mkdir(layout.logs, { recursive: true }).catch((error: unknown) => {
      throw fileError(error, layout.logs);
    });
    await this.#start(commands.ledger());
    await this.#untilReady('ledger', new URL('/ledger/head', ledgerUrl(addresses)), signal);
    await this.#start(commands.store());
    await this.#untilReady('store', new URL('/', storeUrl(addresses)), signal);
    for (const { name } of network.validators) await this.#start(commands.validator(name));
    for (const miner of network.miners) await this.#start(commands.miner(miner));
  }

  /** Resolves once no process is left. */
  async stop(): Promise<void> {
    await this.#supervisor.stop();
    await this.#record();
  }

  kill(): void {
    this.#supervisor.kill();
  }

  async #start(spec: ProcessSpec): Promise<void> {
    rotateLog(spec.logFile);
    this.#supervisor.start(spec);
  }

  /** Waits until a server answers anything at all, unless its process is given up. */
  async #untilReady(name: string, url: URL, signal: AbortSignal): Promise<void> {
    const client = new HttpClient();
    const once = { attempts: 1, firstDelayMs: 0, maxDelayMs: 0 };
    const deadlineMs = this.#clock.nowMs() + READY_TIMEOUT_MS;
    const answers = async () => {
      while (this.#clock.nowMs() < deadlineMs) {
        try {
          await client.send({ url, retry: once, timeoutMs: 2_000, signal });
          return;
        } catch (error) {
          signal.throwIfAborted();
          if ((error as ConnitoError).code === 'peer_refused') return;
        }
        await sleep(this.#clock, READY_POLL_MS, signal);
      }
      const log = this.#options.layout.logOf(name);
      const message = `The ${name} did not answer at ${url.origin} within ${READY_TIMEOUT_MS / 1000} s. Its log is ${log}.`;
      throw cliError('process_not_ready', message, { name });
    };
    await Promise.race([answers(), this.failure]);
  }

  #observe(spec: ProcessSpec, event: ProcessEvent): void {
    this.#onEvent({
      type: 'process',
      name: spec.name,
      role: spec.role,
      event: event.kind,
      pid: event.kind === 'started' ? event.pid : null,
      exit: event.kind === 'started' ? null : event.exit,
      restartInMs: event.kind === 'crashed' ? event.restartInMs : null,
      why: event.kind === 'crashed' || event.kind === 'gave_up' ? event.why : null,
    });
    if (event.kind === 'gave_up') this.#requireEnough(spec, event.why);
    void this.#record();
  }

  /** The network goes on without some of its nodes, but not without ledger, store, most validators, or any miner. */
  #requireEnough(spec: ProcessSpec, why: string | null): void {
    const lost = (role: ProcessSpec['role']) =>
      this.#supervisor.processes.filter((child) => child.spec.role === role && child.state === 'gave_up');
    const { validators, miners } = this.#options.network;
    const cannotGoOn =
      spec.role === 'ledger' ||
      spec.role === 'store' ||
      2 * lost('validator').length >= validators.length ||
      lost('miner').length === miners.length;
    if (!cannotGoOn) return;
    const message = `${spec.name} failed for good, and the network cannot go on: ${why ?? 'no reason was logged'}\nIts log is ${spec.logFile}; "connito doctor" checks this machine. Nothing is lost: a later start goes on.`;
    this.#fatal.reject(cliError('process_gave_up', message, { name: spec.name }));
  }

  /** Writes who runs now, one write at a time. */
  #record(): Promise<void> {
    const { layout } = this.#options;
    this.#recording = this.#recording.then(async () => {
      try {
        await writeProcesses(layout, this.#processes());
      } catch (error) {
        this.#onEvent({ type: 'warning', text: (error as Error).message });
      }
    });
    return this.#recording;
  }

  #processes(): NetworkProcesses {
    const { addresses } = this.#options;
    return {
      startedAt: this.#startedAt,
      ledgerUrl: ledgerUrl(addresses),
      storeUrl: storeUrl(addresses),
      processes: this.#supervisor.processes.map(({ spec, state, restarts, identity }) => ({
        name: spec.name,
        role: spec.role,
        pid: identity?.pid ?? null,
        startTicks: identity?.startTicks ?? null,
        state,
        restarts,
      })),
    };
  }
}

/** Waits for the processes of a start that was killed: they end on their own. Fails with `processes_left`. */
export async function untilLeftoversEnd(
  layout: NetworkLayout,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const before = await readProcesses(layout);
  const left = (before?.processes ?? []).flatMap(({ pid, startTicks }): ProcessIdentity[] =>
    // Without start times a number tells nothing: another process may have it by now.
    pid === null || startTicks === null ? [] : [{ pid, startTicks }],
  );
  const deadlineMs = clock.nowMs() + LEFTOVER_TIMEOUT_MS;
  for (;;) {
    const alive = left.filter(isAlive).map(({ pid }) => pid);
    if (alive.length === 0) return;
    if (clock.nowMs() >= deadlineMs) {
      const message = `Processes of this network that were not stopped are still running: ${alive.join(', ')}. End them with "kill ${alive.join(' ')}", then start again.`;
      throw cliError('processes_left', message, { pids: alive.join(' ') });
    }
    await sleep(clock, READY_POLL_MS, signal);
  }
}
