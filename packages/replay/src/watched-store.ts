import { type ArtifactHash, ConnitoError, sha256Hex } from '@connito/protocol';
import { nativeSha256 } from '@connito/run';
import { type ArtifactStore, type GetOptions, storeError } from '@connito/store';

/** A store for reading that remembers what was read, and what came as other bytes than its name says. */
export class WatchedStore implements ArtifactStore {
  readonly #store: Pick<ArtifactStore, 'get' | 'size'>;
  /** Names of artifacts that were read whole. */
  readonly read = new Set<ArtifactHash>();
  readonly #corrupt = new Map<ArtifactHash, string>();

  constructor(store: Pick<ArtifactStore, 'get' | 'size'>) {
    this.#store = store;
  }

  async get(hash: ArtifactHash, options: GetOptions): Promise<Uint8Array> {
    try {
      const bytes = await this.#store.get(hash, options);
      // Whatever kind of store it is: a replay trusts nobody.
      const actual = sha256Hex(bytes, nativeSha256);
      if (actual !== hash) {
        throw storeError('artifact_corrupt', `The bytes of artifact ${hash} hash to ${actual}.`, {
          details: { hash, actual },
        });
      }
      this.read.add(hash);
      return bytes;
    } catch (error) {
      if (error instanceof ConnitoError && error.code === 'artifact_corrupt') {
        this.#corrupt.set(hash, String(error.details.actual ?? 'other bytes'));
      }
      throw error;
    }
  }

  /** Artifacts met since the last call whose bytes do not match their names, with the hash they have. */
  takeCorrupt(): [ArtifactHash, string][] {
    const corrupt = [...this.#corrupt];
    this.#corrupt.clear();
    return corrupt;
  }

  size(hash: ArtifactHash, signal?: AbortSignal): Promise<number | null> {
    return this.#store.size(hash, signal);
  }

  put(): Promise<never> {
    return refuse();
  }

  getRange(): Promise<never> {
    return refuse();
  }

  list(): never {
    throw notSupported();
  }

  prune(): Promise<never> {
    return refuse();
  }
}

async function refuse(): Promise<never> {
  throw notSupported();
}

function notSupported(): ConnitoError {
  return storeError('not_supported', 'A replay reads whole artifacts by name and does nothing else.');
}
