import type { ArtifactHash } from '@connito/protocol';

export type GetOptions = {
  /** Refuse, before allocating, anything larger. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
};

/**
 * Content-addressed bytes: a name is the sha256 of what it names, so a reader needs to trust nobody.
 *
 * Every adapter passes `artifact-store-contract.ts`.
 */
export interface ArtifactStore {
  /** Stores bytes durably (they survive a crash once this resolves) and returns their hash. Idempotent. */
  put(bytes: Uint8Array, signal?: AbortSignal): Promise<ArtifactHash>;
  /**
   * The whole artifact, verified against its hash. Fails with `artifact_missing`, `artifact_too_large` or
   * `artifact_corrupt`. Adapters that cross a network resume a broken transfer from where it stopped.
   */
  get(hash: ArtifactHash, options: GetOptions): Promise<Uint8Array>;
  /** Bytes `start..end` (end excluded) of an artifact, unverified: for indexes and resumed transfers. */
  getRange(hash: ArtifactHash, start: number, end: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** The size in bytes, or null where the store has no such artifact. */
  size(hash: ArtifactHash, signal?: AbortSignal): Promise<number | null>;
  /** Everything held, in any order. Adapters for other people's stores refuse with `not_supported`. */
  list(signal?: AbortSignal): AsyncIterable<{ readonly hash: ArtifactHash; readonly bytes: number }>;
  /** Deletes everything not kept; returns how many bytes were freed. Refused like `list`. */
  prune(keep: ReadonlySet<ArtifactHash>, signal?: AbortSignal): Promise<number>;
}
