import type { PackageFiles } from '../package/layout.ts';

export type FetchOptions = {
  /** Refuse, before allocating, anything larger. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
};

/**
 * What carries packages from one machine to another. A channel is trusted with nothing: what it hands over is bounded and of
 * the right file names, and whoever fetched it verifies the rest.
 *
 * Every adapter passes `channel-contract.ts`.
 */
export interface PackageChannel {
  /** As `openChannel` takes it. */
  readonly address: string;
  /** Names of the packages it has, in order. Adapters for registries that list nothing refuse with `channel_refused`. */
  names(signal?: AbortSignal): Promise<readonly string[]>;
  /** A package's versions, newest first; none where it has no such package. */
  versions(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** A version's files, unverified. Fails with `package_missing`, `package_too_large`, or what is wrong with the files. */
  fetch(name: string, version: string, options: FetchOptions): Promise<PackageFiles>;
  /**
   * Adds a version. Publishing the same package again does nothing, whoever signed it since; another one under a version that
   * is there fails with `version_exists`. Nobody sees a part of a version.
   */
  publish(files: PackageFiles, signal?: AbortSignal): Promise<void>;
}
