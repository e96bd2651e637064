import { Worker } from 'node:worker_threads';
import type { ModelHost } from './model-host.ts';
import type { ModelHostThreadData } from './model-host-thread.ts';
import { connectCalls, type Remote } from './remote.ts';

/** A model host on another thread; calls are answered one at a time, in order. */
export type RemoteModelHost = Remote<ModelHost>;

/** Starts a model host on a thread of its own, since running a graph blocks the thread it runs on. */
export function startModelHost(threads: number): {
  readonly host: RemoteModelHost;
  readonly stop: () => Promise<void>;
} {
  const workerData: ModelHostThreadData = { threads };
  const worker = new Worker(new URL('./model-host-thread.ts', import.meta.url), { workerData });
  const { remote, stop } = connectCalls<ModelHost>(worker);
  return { host: remote, stop };
}
