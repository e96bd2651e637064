/** Time as an argument: production passes `systemClock`, tests a `ManualClock` they advance themselves. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Calls `fire` once, `delayMs` from now or at once where that is past, unless the returned function is called first. */
  setTimer(delayMs: number, fire: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it fires. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A clock on which every wait is over at once, for tests in which nothing hangs on when. */
export const instantClock: Clock = {
  nowMs: () => 0,
  setTimer: (_, fire) => {
    let isCancelled = false;
    queueMicrotask(() => {
      if (!isCancelled) fire();
    });
    return () => {
      isCancelled = true;
    };
  },
};

/** A clock that moves only when told to, for tests and simulations. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<{ readonly dueMs: number; readonly fire: () => void }>();

  constructor(startMs = 1_800_000_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves time on, firing every timer that falls due, in order, at its own time. */
  advance(byMs: number): void {
    const targetMs = this.#nowMs + byMs;
    for (;;) {
      let next: { readonly dueMs: number; readonly fire: () => void } | undefined;
      for (const timer of this.#timers) {
        if (timer.dueMs <= targetMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.fire();
    }
    this.#nowMs = targetMs;
  }
}
