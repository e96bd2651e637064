import { backoffMs, type Clock, hasCode, sleep } from '@connito/node';
import type { ArtifactStore } from '@connito/store';

export type Patience = {
  /** For how long a source may be away before a call fails. */
  readonly outageMs: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
};

/**
 * A store whose calls wait while its sources cannot be reached, as they cannot while their process is started again. What a
 * source says about an artifact, that it is missing too, is passed on at once.
 */
export function patientStore(store: ArtifactStore, patience: Patience, clock: Clock): ArtifactStore {
  const patiently = async <T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const deadlineMs = clock.nowMs() + patience.outageMs;
    for (let failures = 1; ; failures++) {
      try {
        return await call();
      } catch (error) {
        const away = hasCode(error, 'peer_unreachable') || hasCode(error, 'peer_timeout');
        const delayMs = backoffMs(patience, failures);
        if (!away || clock.nowMs() + delayMs > deadlineMs) throw error;
        await sleep(clock, delayMs, signal);
      }
    }
  };
  return {
    put: (bytes, signal) => patiently(() => store.put(bytes, signal), signal),
    get: (hash, options) => patiently(() => store.get(hash, options), options.signal),
    getRange: (hash, start, end, signal) => patiently(() => store.getRange(hash, start, end, signal), signal),
    size: (hash, signal) => patiently(() => store.size(hash, signal), signal),
    list: (signal) => store.list(signal),
    prune: (keep, signal) => store.prune(keep, signal),
  };
}
