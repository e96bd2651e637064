import { Worker } from 'node:worker_threads';
import { ConnitoError } from '@connito/protocol';
import type { ModelConfig } from '../config.ts';
import type { ExpertUsage, GeneratedToken, GenerationEvent, GenerationRequest } from './batch-generator.ts';
import type {
  FromGenerationThread,
  GenerationLoad,
  GenerationThreadData,
  ToGenerationThread,
} from './generation-thread.ts';

export type GenerationEnd = { readonly reason: 'stop' | 'length' | 'cancelled'; readonly usage: ExpertUsage };

const IDLE: GenerationLoad = { running: 0, waiting: 0, cacheBytes: 0 };

/**
 * One model on a thread of its own, writing any number of sequences at once. If the thread dies, every sequence fails with
 * `engine_died`.
 *
 * @example
 * const host = await GenerationHost.start({ source: { folder, overlays: [] }, threads: 1, maxRunning: 32 });
 * for await (const { token } of host.generate(request, signal)) write(tokenizer.decode([token]));
 */
export class GenerationHost {
  readonly config: ModelConfig;
  readonly #worker: Worker;
  readonly #sequences = new Map<number, SequenceQueue>();
  #nextId = 0;
  #load = IDLE;
  #dead: ConnitoError | null = null;
  readonly #exited: Promise<void>;
  #onDrained: (() => void) | null = null;

  private constructor(worker: Worker, config: ModelConfig) {
    this.#worker = worker;
    this.config = config;
    worker.on('message', (message: FromGenerationThread) => {
      if (message.kind !== 'events') return;
      this.#load = message.load;
      for (const event of message.events) this.#sequences.get(event.id)?.push(event);
    });
    worker.on('error', (error) => this.#die(error.message));
    this.#exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.#die(`exit code ${code}`);
        resolve();
      });
    });
  }

  /** Loads a model; fails with the code of what is wrong with it. */
  static start(data: GenerationThreadData): Promise<GenerationHost> {
    const worker = new Worker(new URL('./generation-thread.ts', import.meta.url), { workerData: data });
    return new Promise((resolve, reject) => {
      const onExit = (): void =>
        reject(
          new ConnitoError('engine_died', 'the engine thread ended while it loaded a model', {
            advice: 'retry',
          }),
        );
      worker.once('error', reject);
      worker.once('exit', onExit);
      worker.once('message', (message: FromGenerationThread) => {
        worker.off('error', reject);
        worker.off('exit', onExit);
        if (message.kind === 'ready') resolve(new GenerationHost(worker, message.config));
        else if (message.kind === 'refused')
          reject(new ConnitoError(message.code, message.message, { advice: 'fatal' }));
      });
    });
  }

  /** As of the last tick. */
  get load(): GenerationLoad {
    return this.#sequences.size === 0 ? { ...this.#load, running: 0, waiting: 0 } : this.#load;
  }

  get sequences(): number {
    return this.#sequences.size;
  }

  /** Tokens as they come; returns why they ended. Leaving the loop early, or aborting `signal`, cancels the sequence. */
  async *generate(
    request: Omit<GenerationRequest, 'id'>,
    signal?: AbortSignal,
  ): AsyncGenerator<GeneratedToken, GenerationEnd, void> {
    if (this.#dead !== null) throw this.#dead;
    signal?.throwIfAborted();
    const id = this.#nextId++;
    const queue = new SequenceQueue();
    this.#sequences.set(id, queue);
    const cancel = (): void => this.#post({ kind: 'cancel', id });
    signal?.addEventListener('abort', cancel, { once: true });
    let ended = false;
    try {
      this.#post({ kind: 'submit', request: { ...request, id } });
      for (;;) {
        const event = await queue.next();
        if (event.kind === 'token') yield event.token;
        else {
          ended = true;
          if (event.kind === 'failed')
            throw new ConnitoError('generation_failed', event.message, { advice: 'reject' });
          return { reason: event.reason, usage: event.usage };
        }
      }
    } finally {
      signal?.removeEventListener('abort', cancel);
      if (!ended) cancel();
      this.#sequences.delete(id);
      if (this.#sequences.size === 0) this.#onDrained?.();
    }
  }

  /** Resolves once no sequence is being written, at the latest when the thread has died. */
  drained(): Promise<void> {
    if (this.#sequences.size === 0 || this.#dead !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  /** Ends the thread; sequences still being written fail. */
  async stop(): Promise<void> {
    if (this.#dead === null) this.#post({ kind: 'stop' });
    await this.#exited;
  }

  #post(message: ToGenerationThread): void {
    this.#worker.postMessage(message);
  }

  #die(why: string): void {
    this.#dead ??= new ConnitoError('engine_died', `the engine thread stopped: ${why}`, { advice: 'retry' });
    for (const queue of this.#sequences.values()) queue.fail(this.#dead);
    this.#onDrained?.();
  }
}

/** What the thread has said of one sequence and nobody has read yet; no longer than the sequence may become. */
class SequenceQueue {
  readonly #events: GenerationEvent[] = [];
  #waiting: { resolve: (event: GenerationEvent) => void; reject: (error: Error) => void } | null = null;
  #failure: Error | null = null;

  push(event: GenerationEvent): void {
    if (this.#waiting === null) this.#events.push(event);
    else this.#waiting.resolve(event);
    this.#waiting = null;
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#waiting?.reject(error);
    this.#waiting = null;
  }

  next(): Promise<GenerationEvent> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}
