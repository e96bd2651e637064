import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type Clock, fileError } from '@connito/node';
import { EXIT_CODES } from '../exit-codes.ts';
import { lastFailure, logBytes } from './log-file.ts';
import { type ProcessIdentity, processIdentity } from './process-identity.ts';

export type ProcessRole = 'ledger' | 'store' | 'validator' | 'miner';
export type ProcessState = 'running' | 'waiting' | 'gave_up' | 'stopped';

/** What to run, and where its standard output and error go. */
export type ProcessSpec = {
  readonly name: string;
  readonly role: ProcessRole;
  readonly command: readonly [executable: string, ...args: string[]];
  readonly logFile: string;
};

export type RestartPolicy = {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Crashes in a row after which a process is given up. */
  readonly maxCrashes: number;
  /** A process that lived this long has recovered: its crashes are forgotten. */
  readonly recoveredAfterMs: number;
};

export const RESTART_POLICY: RestartPolicy = {
  firstDelayMs: 500,
  maxDelayMs: 10_000,
  maxCrashes: 6,
  recoveredAfterMs: 60_000,
};

/** How a process ended: its exit code or the signal that killed it. */
export type ProcessExit = number | NodeJS.Signals;

export type ProcessEvent =
  | { readonly kind: 'started'; readonly pid: number; readonly restarts: number }
  | {
      readonly kind: 'crashed';
      readonly exit: ProcessExit;
      readonly restartInMs: number;
      readonly why: string | null;
    }
  | {
      readonly kind: 'gave_up';
      readonly exit: ProcessExit;
      readonly crashes: number;
      readonly why: string | null;
    }
  | { readonly kind: 'stopped'; readonly exit: ProcessExit; readonly killed: boolean };

export type SupervisedProcessDependencies = {
  readonly clock: Clock;
  readonly onEvent: (event: ProcessEvent) => void;
};

/** Exits that starting again cannot mend: a wrong command line, or data that is missing or damaged. */
const HOPELESS_EXITS: readonly ProcessExit[] = [EXIT_CODES.usage, EXIT_CODES.data];

/**
 * One child process that is kept alive: started again after a crash, with growing delays, until it crashed too often in a
 * row. It has an IPC channel, so that it notices when its supervisor is gone.
 */
export class SupervisedProcess {
  readonly spec: ProcessSpec;
  readonly #policy: RestartPolicy;
  readonly #clock: Clock;
  readonly #onEvent: (event: ProcessEvent) => void;
  #child: ChildProcess | null = null;
  #identity: ProcessIdentity | null = null;
  #state: ProcessState = 'stopped';
  #restarts = 0;
  #crashes = 0;
  #startedAtMs = 0;
  #logStart = 0;
  #cancelRestart: () => void = () => undefined;
  #stopping: { readonly done: PromiseWithResolvers<void>; killed: boolean } | null = null;

  constructor(
    spec: ProcessSpec,
    dependencies: SupervisedProcessDependencies,
    policy: RestartPolicy = RESTART_POLICY,
  ) {
    this.spec = spec;
    this.#policy = policy;
    this.#clock = dependencies.clock;
    this.#onEvent = dependencies.onEvent;
  }

  get state(): ProcessState {
    return this.#state;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** The process that runs now, or null. */
  get identity(): ProcessIdentity | null {
    return this.#identity;
  }

  start(): void {
    const [executable, ...args] = this.spec.command;
    this.#logStart = logBytes(this.spec.logFile);
    const log = openLog(this.spec.logFile);
    const child = spawn(executable, args, {
      stdio: ['ignore', log, log, 'ipc'],
      // A process group of its own: what is sent to the supervisor's group, Ctrl-C above all, is for the supervisor.
      detached: true,
      windowsHide: true,
    });
    closeSync(log);
    this.#child = child;
    this.#state = 'running';
    this.#startedAtMs = this.#clock.nowMs();
    let ended = false;
    const end = (exit: ProcessExit) => {
      // `error` and `exit` may both come, or only one of them.
      if (ended) return;
      ended = true;
      this.#onExit(exit);
    };
    child.once('error', () => end(EXIT_CODES.failure));
    child.once('exit', (code, signal) => end(code ?? signal ?? EXIT_CODES.failure));
    if (child.pid === undefined) return;
    this.#identity = processIdentity(child.pid);
    this.#onEvent({ kind: 'started', pid: child.pid, restarts: this.#restarts });
  }

  /** Asks the process to end, and kills it when the grace time has passed. Resolves once it is gone. */
  stop(graceMs: number): Promise<void> {
    if (this.#stopping !== null) return this.#stopping.done.promise;
    this.#cancelRestart();
    if (this.#child === null) {
      if (this.#state === 'waiting') this.#state = 'stopped';
      return Promise.resolve();
    }
    const stopping = { done: Promise.withResolvers<void>(), killed: false };
    this.#stopping = stopping;
    this.#child.kill('SIGTERM');
    const cancelKill = this.#clock.setTimer(graceMs, () => this.kill());
    void stopping.done.promise.then(cancelKill);
    return stopping.done.promise;
  }

  /** Ends the process at once. */
  kill(): void {
    this.#cancelRestart();
    if (this.#stopping !== null) this.#stopping.killed = true;
    this.#child?.kill('SIGKILL');
  }

  #onExit(exit: ProcessExit): void {
    this.#child = null;
    this.#identity = null;
    if (this.#stopping !== null) {
      this.#state = 'stopped';
      this.#onEvent({ kind: 'stopped', exit, killed: this.#stopping.killed });
      this.#stopping.done.resolve();
      return;
    }
    const livedMs = this.#clock.nowMs() - this.#startedAtMs;
    this.#crashes = livedMs >= this.#policy.recoveredAfterMs ? 1 : this.#crashes + 1;
    const why = lastFailure(this.spec.logFile, this.#logStart);
    if (this.#crashes >= this.#policy.maxCrashes || HOPELESS_EXITS.includes(exit)) {
      this.#state = 'gave_up';
      this.#onEvent({ kind: 'gave_up', exit, crashes: this.#crashes, why });
      return;
    }
    const { firstDelayMs, maxDelayMs } = this.#policy;
    const restartInMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (this.#crashes - 1));
    this.#state = 'waiting';
    this.#cancelRestart = this.#clock.setTimer(restartInMs, () => {
      this.#restarts++;
      this.start();
    });
    this.#onEvent({ kind: 'crashed', exit, restartInMs, why });
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (error) {
    throw fileError(error, path);
  }
}
