import { hasCode } from '@connito/node';
import type { ArtifactStore } from './artifact-store.ts';

/** A local store in front of a remote one: what was fetched once is read locally from then on. */
export function cachingStore(local: ArtifactStore, remote: ArtifactStore): ArtifactStore {
  return {
    put: async (bytes, signal) => {
      const hash = await local.put(bytes, signal);
      await remote.put(bytes, signal);
      return hash;
    },
    get: async (hash, options) => {
      try {
        return await local.get(hash, options);
      } catch (error) {
        // A damaged local copy is replaced by what the remote has.
        if (!hasCode(error, 'artifact_missing') && !hasCode(error, 'artifact_corrupt')) throw error;
      }
      const bytes = await remote.get(hash, options);
      await local.put(bytes, options.signal);
      return bytes;
    },
    getRange: async (hash, start, end, signal) => {
      const store = (await local.size(hash, signal)) === null ? remote : local;
      return store.getRange(hash, start, end, signal);
    },
    size: async (hash, signal) => (await local.size(hash, signal)) ?? remote.size(hash, signal),
    list: (signal) => local.list(signal),
    prune: (keep, signal) => local.prune(keep, signal),
  };
}
