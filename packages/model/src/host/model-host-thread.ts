import { parentPort, workerData } from 'node:worker_threads';
import { onnxBackend } from '@connito/engine';
import { ModelHost } from './model-host.ts';
import { serveCalls } from './remote.ts';

/** The thread behind `startModelHost`. */
export type ModelHostThreadData = { readonly threads: number };

if (parentPort !== null) {
  const { threads } = workerData as ModelHostThreadData;
  const stopping = new AbortController();
  serveCalls(parentPort, new ModelHost(onnxBackend({ threads }), stopping.signal), stopping);
}
