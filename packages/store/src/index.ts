/**
 * Content-addressed bytes: the `ArtifactStore` seam and its adapters for a directory and for peers over HTTP.
 *
 * @example
 * const store = await DirectoryStore.open('data/artifacts');
 * const app = createStoreApp({ maxArtifactBytes: 1e9 }, { store, mayPut: (hotkey) => hotkey === own });
 * await using server = await serve({ fetch: app.fetch, port: 8080 });
 * const remote = new HttpStore({ sources: [server.url] });
 */
export { artifactHashOf, isArtifactHash, parseArtifactHash } from './artifact-hash.ts';
export type { ArtifactStore, GetOptions } from './artifact-store.ts';
export { cachingStore } from './caching-store.ts';
export { DirectoryStore, type PutStreamOptions } from './directory-store.ts';
export { STORE_STATUSES, type StoreErrorCode, storeError } from './errors.ts';
export { HttpStore, type HttpStoreDependencies, type HttpStoreOptions } from './http-store.ts';
export {
  createStoreApp,
  STORE_AUDIENCE,
  type StoreServerDependencies,
  type StoreServerOptions,
} from './http-store-server.ts';
export { createStoreMetrics, STORE_METRICS, type StoreMetrics } from './metrics.ts';
