import type { Block } from './ledger.ts';

type Waiter = {
  readonly number: number;
  readonly resolve: (head: Block) => void;
  readonly reject: (reason: unknown) => void;
};

/** Callers waiting for a block to be sealed. Each is woken once; nothing polls. */
export class BlockWaiters {
  readonly #waiters = new Set<Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  wait(number: number, signal: AbortSignal): Promise<Block> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const leave = () => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = () => {
        leave();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        number,
        resolve: (head) => {
          leave();
          resolve(head);
        },
        reject: (reason) => {
          leave();
          reject(reason);
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  sealed(head: Block): void {
    for (const waiter of [...this.#waiters]) if (waiter.number <= head.number) waiter.resolve(head);
  }

  failAll(reason: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
  }
}
