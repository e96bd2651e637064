import type { Clock } from '@connito/node';
import {
  type ProcessEvent,
  type ProcessSpec,
  type RestartPolicy,
  SupervisedProcess,
} from './supervised-process.ts';

export type SupervisorDependencies = {
  readonly clock: Clock;
  readonly onEvent: (spec: ProcessSpec, event: ProcessEvent) => void;
};

export type SupervisorOptions = {
  /** How long a process may take to end after it was asked to. */
  readonly graceMs?: number;
  readonly restart?: RestartPolicy;
};

const DEFAULT_GRACE_MS = 10_000;

/** Keeps a set of processes alive until it is stopped. */
export class Supervisor {
  readonly #graceMs: number;
  readonly #restart: RestartPolicy | undefined;
  readonly #dependencies: SupervisorDependencies;
  readonly #processes = new Map<string, SupervisedProcess>();
  #stopping: Promise<void> | null = null;

  constructor(dependencies: SupervisorDependencies, options: SupervisorOptions = {}) {
    this.#dependencies = dependencies;
    this.#graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
    this.#restart = options.restart;
  }

  get processes(): readonly SupervisedProcess[] {
    return [...this.#processes.values()];
  }

  start(spec: ProcessSpec): void {
    if (this.#stopping !== null) return;
    const { clock, onEvent } = this.#dependencies;
    const child = new SupervisedProcess(
      spec,
      { clock, onEvent: (event) => onEvent(spec, event) },
      this.#restart,
    );
    this.#processes.set(spec.name, child);
    child.start();
  }

  /**
   * Stops miners and validators together, then the store and the ledger they talk to. Resolves once all are gone.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Kills everything at once. */
  kill(): void {
    for (const child of this.processes) child.kill();
  }

  async #stopAll(): Promise<void> {
    const isService = ({ spec }: SupervisedProcess) => spec.role === 'ledger' || spec.role === 'store';
    const stop = (child: SupervisedProcess) => child.stop(this.#graceMs);
    await Promise.all(this.processes.filter((child) => !isService(child)).map(stop));
    await Promise.all(this.processes.filter(isService).map(stop));
  }
}
