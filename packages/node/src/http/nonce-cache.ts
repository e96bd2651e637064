import { nodeError } from '../errors.ts';

/**
 * Remembers which signed requests were seen, for as long as each would still be accepted. Full of live entries it
 * refuses new requests rather than forget one, which would let it be replayed.
 */
export class NonceCache {
  readonly #maxEntries: number;
  /** Key to the time until which it must be remembered. Insertion order is close to expiry order. */
  readonly #expiries = new Map<string, number>();

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** Fails with `replayed_request` the second time, and with `rate_limited` when no more can be remembered. */
  remember(key: string, expiresAtMs: number, nowMs: number): void {
    const known = this.#expiries.get(key);
    if (known !== undefined && known >= nowMs) {
      throw nodeError('replayed_request', 'This signed request was received before. Sign each request anew.');
    }
    this.#forgetExpired(nowMs);
    if (this.#expiries.size >= this.#maxEntries) {
      throw nodeError('rate_limited', 'Too many requests within the last minute; try again later.', {
        details: { remembered: this.#expiries.size },
      });
    }
    this.#expiries.delete(key);
    this.#expiries.set(key, expiresAtMs);
  }

  /** Drops from the oldest on; all of the expired ones only when the cache is full. */
  #forgetExpired(nowMs: number): void {
    const full = this.#expiries.size >= this.#maxEntries;
    for (const [key, expiresAtMs] of this.#expiries) {
      if (expiresAtMs < nowMs) this.#expiries.delete(key);
      else if (!full) return;
    }
  }
}
