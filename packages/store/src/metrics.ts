import { type Clock, counter, createMetrics, gauge, type Metrics, type MetricsRegistry } from '@connito/node';
import type { DirectoryStore } from './directory-store.ts';

/** What a process that serves artifacts says about them. */
export const STORE_METRICS = {
  artifacts: gauge('store_artifacts', 'Artifacts held.'),
  artifactBytes: gauge('store_artifact_bytes', 'Bytes of all artifacts held.'),
  sentBytes: counter('store_sent_bytes_total', 'Bytes of artifacts handed out.'),
  receivedBytes: counter('store_received_bytes_total', 'Bytes of artifacts taken in, refused ones included.'),
} as const;

export type StoreMetrics = Metrics<typeof STORE_METRICS>;

/** The directory is read anew no more often than this: it may hold tens of thousands of files. */
const LISTING_MS = 60_000;

/** Metrics of a store; `createStoreApp` counts the bytes. */
export function createStoreMetrics(
  store: DirectoryStore,
  clock: Clock,
  registry?: MetricsRegistry,
): StoreMetrics {
  let listed: { readonly atMs: number; readonly listing: Promise<Listing> } | null = null;
  const listing = (): Promise<Listing> => {
    if (listed === null || clock.nowMs() - listed.atMs >= LISTING_MS) {
      listed = { atMs: clock.nowMs(), listing: list(store) };
    }
    return listed.listing;
  };
  return createMetrics(STORE_METRICS, registry, {
    artifacts: async (metric) => metric.set((await listing()).count),
    artifactBytes: async (metric) => metric.set((await listing()).bytes),
  });
}

type Listing = { readonly count: number; readonly bytes: number };

async function list(store: DirectoryStore): Promise<Listing> {
  let count = 0;
  let bytes = 0;
  for await (const artifact of store.list()) {
    count += 1;
    bytes += artifact.bytes;
  }
  return { count, bytes };
}
