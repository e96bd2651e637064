import { ConnitoError } from '@connito/protocol';
import { type Clock, sleep } from '../clock.ts';

export type RetryPolicy = {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
};

export const DEFAULT_RETRY: RetryPolicy = { attempts: 4, firstDelayMs: 200, maxDelayMs: 5_000 };

/** The pause after the `failures`-th failure in a row: doubling, half of it random so that clients spread out. */
export function backoffMs(
  policy: Omit<RetryPolicy, 'attempts'>,
  failures: number,
  random: () => number = Math.random,
): number {
  const fullMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** Math.min(failures - 1, 30));
  return fullMs / 2 + (fullMs / 2) * random();
}

/** Repeats an operation while its errors advise `retry`; then passes on the last one. */
export async function retrying<T>(
  policy: RetryPolicy,
  clock: Clock,
  operation: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await operation();
    } catch (error) {
      const repeatable = error instanceof ConnitoError && error.advice === 'retry';
      if (!repeatable || failures >= policy.attempts || signal?.aborted) throw error;
      const statedMs = error.details.retryAfterMs;
      const delayMs = Math.max(backoffMs(policy, failures), typeof statedMs === 'number' ? statedMs : 0);
      await sleep(clock, Math.min(delayMs, policy.maxDelayMs), signal);
    }
  }
}
