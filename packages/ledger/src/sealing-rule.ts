import type { Hotkey } from '@connito/protocol';

/** How fast blocks follow each other. With equal bounds they come at a fixed interval. */
export type BlockPace = {
  /** A block stays open at least so long. */
  readonly minBlockMs: number;
  /** And at most so long, whoever is not ready. */
  readonly maxBlockMs: number;
  /** The first block waits until so many neurons have registered… */
  readonly expectedNeurons?: number;
  /** …or until so long after the start. At least one neuron is always waited for. */
  readonly startupMs?: number;
};

export type SealingDecision =
  | { readonly kind: 'seal'; readonly reason: 'all_ready' | 'time_bound' }
  /** Ask again then, or when something happens; null: only then. */
  | { readonly kind: 'wait'; readonly untilMs: number | null };

type OpenBlock = { readonly number: number; readonly openedAtMs: number };

const DEFAULT_STARTUP_MS = 120_000;

/**
 * When the open block is to be sealed: when every live neuron is ready, within the pace's bounds. A neuron that is not
 * ready when the bound passes counts as absent and is not waited for until it says ready again. Plain state and times
 * passed in; a `BlockProducer` drives it.
 */
export class SealingRule {
  readonly #pace: BlockPace;
  readonly #startedAtMs: number;
  /** The newest block each neuron said ready for. */
  readonly #readyUpTo = new Map<Hotkey, number>();
  readonly #absent = new Set<Hotkey>();
  #started = false;

  constructor(pace: BlockPace, startedAtMs: number) {
    this.#pace = pace;
    this.#startedAtMs = startedAtMs;
  }

  registered(hotkey: Hotkey): void {
    if (!this.#readyUpTo.has(hotkey)) this.#readyUpTo.set(hotkey, -1);
  }

  /** `open` is the block open now: only who is ready for it is known to keep up. */
  ready(hotkey: Hotkey, number: number, open: number): void {
    this.#readyUpTo.set(hotkey, Math.max(number, this.#readyUpTo.get(hotkey) ?? -1));
    if (number >= open) this.#absent.delete(hotkey);
  }

  /** Neurons that are not waited for. */
  get absent(): number {
    return this.#absent.size;
  }

  /** Live neurons that have not said ready for a block. */
  awaited(number: number): Hotkey[] {
    return [...this.#readyUpTo]
      .filter(([hotkey, readyUpTo]) => readyUpTo < number && !this.#absent.has(hotkey))
      .map(([hotkey]) => hotkey);
  }

  decide(open: OpenBlock, nowMs: number): SealingDecision {
    const neurons = this.#readyUpTo.size;
    if (neurons === 0) return { kind: 'wait', untilMs: null };
    const { minBlockMs, maxBlockMs, expectedNeurons = 1, startupMs = DEFAULT_STARTUP_MS } = this.#pace;
    const startupEndMs = this.#startedAtMs + startupMs;
    // Only the first block after genesis waits for company; a restarted ledger goes on.
    if (open.number === 1 && !this.#started && neurons < expectedNeurons && nowMs < startupEndMs) {
      return { kind: 'wait', untilMs: startupEndMs };
    }
    this.#started = true;
    // Without any live neuron nobody could be outrun, but all would be on return: keep the slow pace.
    const allReady = this.#absent.size < neurons && this.awaited(open.number).length === 0;
    const dueMs = open.openedAtMs + (allReady ? minBlockMs : maxBlockMs);
    if (nowMs < dueMs) return { kind: 'wait', untilMs: dueMs };
    return { kind: 'seal', reason: allReady ? 'all_ready' : 'time_bound' };
  }

  /** The block was sealed: who was still awaited is absent. Returns them. */
  sealed(number: number): Hotkey[] {
    const missed = this.awaited(number);
    for (const hotkey of missed) this.#absent.add(hotkey);
    return missed;
  }
}
