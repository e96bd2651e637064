import type { ModelSource } from '@connito/model';
import type { Log } from '@connito/node';
import { ConnitoError } from '@connito/protocol';
import { gatewayError, stopping } from '../errors.ts';
import { ModelVersion, type OpenEngine } from './model-version.ts';

/** A version for as long as one request needs it. */
export type Lease = Disposable & { readonly version: ModelVersion };

/** Old parameters to go back to. More are hardly ever wanted, and each is only a path. */
const MAX_HISTORY = 16;

/**
 * A model id and the parameters behind it. Parameters are swapped while requests run: a request is answered by the version it
 * began with; the old version ends when its last request has.
 */
export class ServedModel {
  readonly id: string;
  readonly createdSeconds: number;
  readonly #openEngine: OpenEngine;
  readonly #log: Log;
  #current: ModelVersion;
  readonly #leases = new Map<ModelVersion, number>();
  /** Replaced, and still answering. */
  readonly #retiring = new Set<ModelVersion>();
  #history: ModelSource[] = [];
  #changing: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  private constructor(
    options: { readonly id: string; readonly createdSeconds: number; readonly version: ModelVersion },
    dependencies: { readonly openEngine: OpenEngine; readonly log: Log },
  ) {
    this.id = options.id;
    this.createdSeconds = options.createdSeconds;
    this.#current = options.version;
    this.#openEngine = dependencies.openEngine;
    this.#log = dependencies.log;
  }

  static async open(
    options: { readonly id: string; readonly source: ModelSource; readonly nowMs: number },
    dependencies: { readonly openEngine: OpenEngine; readonly log: Log },
  ): Promise<ServedModel> {
    const version = await ModelVersion.open(1, options.source, dependencies.openEngine);
    const createdSeconds = Math.floor(options.nowMs / 1000);
    return new ServedModel({ id: options.id, createdSeconds, version }, dependencies);
  }

  get current(): ModelVersion {
    return this.#current;
  }

  /** Versions that still have requests, the current one first. */
  get versions(): readonly ModelVersion[] {
    return [this.#current, ...this.#retiring];
  }

  acquire(): Lease {
    const version = this.#current;
    this.#leases.set(version, (this.#leases.get(version) ?? 0) + 1);
    let released = false;
    return {
      version,
      [Symbol.dispose]: () => {
        if (released) return;
        released = true;
        this.#leases.set(version, this.#leases.get(version)! - 1);
        if (version !== this.#current) this.#retireIfUnused(version);
      },
    };
  }

  /** Serves other parameters from now on. Fails with `swap_failed`, and nothing has changed. One change at a time. */
  swap(source: ModelSource): Promise<ModelVersion> {
    return this.#change(async () => {
      const before = this.#current.source;
      const version = await this.#replace(source);
      this.#history = [...this.#history, before].slice(-MAX_HISTORY);
      return version;
    });
  }

  /** Goes back to what was served before the last swap; null where there was none. */
  rollback(): Promise<ModelVersion | null> {
    return this.#change(async () => {
      const source = this.#history.at(-1);
      if (source === undefined) return null;
      const version = await this.#replace(source);
      this.#history.pop();
      return version;
    });
  }

  /** Loads the same parameters again, after the engine died. Does nothing where `broken` has been replaced already. */
  restart(broken: ModelVersion): Promise<void> {
    return this.#change(async () => {
      if (this.#current === broken) await this.#replace(broken.source);
    });
  }

  /** Ends all engines, after a change that has begun; later changes fail with 503. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#changing.catch(() => undefined);
    await Promise.all([
      this.#current.engine.stop(),
      ...[...this.#retiring].map(({ engine }) => engine.stop()),
    ]);
  }

  #change<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing
      .catch(() => undefined)
      .then(() => {
        if (this.#isStopped) throw stopping();
        return change();
      });
    this.#changing = changed;
    return changed;
  }

  async #replace(source: ModelSource): Promise<ModelVersion> {
    const number = this.#current.number + 1;
    let version: ModelVersion;
    try {
      version = await ModelVersion.open(number, source, this.#openEngine);
      await requireAnswers(version);
    } catch (cause) {
      const why = cause instanceof ConnitoError ? cause.message : String(cause);
      throw gatewayError('swap_failed', `The new parameters of ${this.id} are not served: ${why}`, {
        cause,
        details: { model: this.id },
        advice: 'reject',
      });
    }
    const old = this.#current;
    this.#current = version;
    this.#retiring.add(old);
    this.#log.info('Parameters swapped', { model: this.id, version: number, folder: source.folder });
    this.#retireIfUnused(old);
    return version;
  }

  #retireIfUnused(version: ModelVersion): void {
    if ((this.#leases.get(version) ?? 0) > 0) return;
    this.#leases.delete(version);
    version.engine
      .stop()
      .catch((error: unknown) => this.#log.warn('An old engine did not stop', { model: this.id, error }))
      .finally(() => this.#retiring.delete(version));
  }
}

/** Broken parameters are found before a client meets them. */
async function requireAnswers({ engine }: ModelVersion): Promise<void> {
  const probe = engine.generate({
    prompt: Int32Array.of(0),
    maxTokens: 1,
    stopTokens: [],
    sampling: { temperature: 0, topP: 1, seed: 0 },
    topCount: 0,
    experts: {},
    trace: false,
  });
  try {
    for await (const _ of probe) break;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}
