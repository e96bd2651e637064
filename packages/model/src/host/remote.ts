import { once } from 'node:events';
import type { MessagePort, Worker } from 'node:worker_threads';
import { type Advice, ConnitoError, type ErrorDetails } from '@connito/protocol';

type Call = { readonly id: number; readonly method: string; readonly args: readonly unknown[] };
/** Asks the thread to end: what runs is aborted where it can be, and nothing new is begun. */
type Stop = { readonly stop: true };
type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: SentError };
type SentError = {
  readonly code: string;
  readonly message: string;
  readonly advice: Advice;
  readonly details: ErrorDetails;
};

/** An object whose methods can be called from another thread: their arguments and results are copied. */
type Callable = { readonly [method: string]: (...args: never[]) => unknown };

/** The same methods from the caller's side. */
export type Remote<T extends object> = {
  readonly [Method in keyof T]: T[Method] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/**
 * Answers calls on `port` with the methods of `target`, one at a time, in the order they came. When the other side stops the
 * thread, `stopping` is aborted and the port closes once the running call has ended: a thread that is torn down while native
 * code runs on it takes the whole process along.
 */
export function serveCalls(port: MessagePort, target: object, stopping = new AbortController()): void {
  let last: Promise<void> = Promise.resolve();
  port.on('message', (message: Call | Stop) => {
    if ('stop' in message) {
      stopping.abort(
        new ConnitoError('engine_stopped', 'the engine thread was stopped', { advice: 'ignore' }),
      );
      last = last.then(() => port.close());
      return;
    }
    const call = message;
    last = last.then(async () => {
      try {
        stopping.signal.throwIfAborted();
        const value = await (target as Callable)[call.method]!(...(call.args as never[]));
        port.postMessage({ id: call.id, ok: true, value } satisfies Reply);
      } catch (error) {
        port.postMessage({ id: call.id, ok: false, error: describeError(error) } satisfies Reply);
      }
    });
  });
}

function describeError(error: unknown): SentError {
  if (error instanceof ConnitoError) {
    return { code: error.code, message: error.message, advice: error.advice, details: error.details };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'engine_failed', message, advice: 'retry', details: {} };
}

/** A thread and the calls that wait for it. If the thread dies, every waiting and later call fails with `engine_died`, for good. */
export function connectCalls<T extends object>(
  worker: Worker,
): { readonly remote: Remote<T>; readonly stop: () => Promise<void> } {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let nextId = 0;
  let dead: ConnitoError | null = null;
  const die = (why: string): void => {
    dead ??= new ConnitoError('engine_died', `the engine thread stopped: ${why}`, { advice: 'fatal' });
    for (const { reject } of waiting.values()) reject(dead);
    waiting.clear();
  };
  worker.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.ok) call?.resolve(reply.value);
    else {
      const { code, message, advice, details } = reply.error;
      call?.reject(new ConnitoError(code, message, { advice, details }));
    }
  });
  worker.on('error', (error) => die(error.message));
  worker.on('exit', (code) => die(`exit code ${code}`));

  const call = (method: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (dead !== null) {
        reject(dead);
        return;
      }
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, method, args } satisfies Call);
    });
  const remote = new Proxy({} as Remote<T>, {
    // `then` must stay undefined, or awaiting the proxy would call it.
    get: (_, method) =>
      typeof method === 'string' && method !== 'then'
        ? (...args: unknown[]) => call(method, args)
        : undefined,
  });
  let stopped: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    if (dead !== null) return;
    const ended = once(worker, 'exit');
    worker.postMessage({ stop: true } satisfies Stop);
    await ended;
  };
  return {
    remote,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}
