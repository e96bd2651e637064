import type { Clock } from '../clock.ts';
import { nodeError } from '../errors.ts';

export type RateLimit = {
  /** Requests granted at once after a pause. */
  readonly burst: number;
  readonly perSecond: number;
};

type Bucket = { tokens: number; updatedMs: number };

/** One token bucket for each key. Memory is bounded: full buckets are forgotten, being what a new key starts with. */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit, clock: Clock, maxKeys = 10_000) {
    this.#limit = limit;
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  /** Takes a token, or fails with `rate_limited`, saying when the next one is there. */
  take(key: string): void {
    const nowMs = this.#clock.nowMs();
    const bucket = this.#buckets.get(key) ?? this.#newBucket(key, nowMs);
    this.#refill(bucket, nowMs);
    if (bucket.tokens < 1) {
      const retryAfterMs = Math.ceil(((1 - bucket.tokens) / this.#limit.perSecond) * 1000);
      throw nodeError(
        'rate_limited',
        `More than ${this.#limit.perSecond} requests a second; try again in ${retryAfterMs} ms.`,
        {
          details: { retryAfterMs },
        },
      );
    }
    bucket.tokens -= 1;
  }

  #newBucket(key: string, nowMs: number): Bucket {
    if (this.#buckets.size >= this.#maxKeys) this.#forgetFull(nowMs);
    if (this.#buckets.size >= this.#maxKeys) {
      throw nodeError('rate_limited', 'This server is serving as many clients as it can; try again later.', {
        details: { clients: this.#buckets.size },
      });
    }
    const bucket = { tokens: this.#limit.burst, updatedMs: nowMs };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #refill(bucket: Bucket, nowMs: number): void {
    const elapsedSeconds = Math.max(0, nowMs - bucket.updatedMs) / 1000;
    bucket.tokens = Math.min(this.#limit.burst, bucket.tokens + elapsedSeconds * this.#limit.perSecond);
    bucket.updatedMs = nowMs;
  }

  #forgetFull(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      this.#refill(bucket, nowMs);
      if (bucket.tokens >= this.#limit.burst) this.#buckets.delete(key);
    }
  }
}
