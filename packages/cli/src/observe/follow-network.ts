import type { Block, Ledger } from '@connito/ledger';
import { backoffMs, type Clock, sleep } from '@connito/node';
import { ConnitoError, phaseAt, roundLengthBlocks, roundWindow, type Schedule } from '@connito/protocol';
import type { FinishedRound, NetworkEvent } from './network-event.ts';

/** Reads and measures a round all of whose blocks are sealed. */
export interface RoundReader {
  read(round: number, signal: AbortSignal): Promise<FinishedRound>;
}

export type FollowOptions = {
  readonly ledger: Ledger;
  readonly schedule: Schedule;
  readonly reader: RoundReader;
  readonly clock: Clock;
  /** The first round that was not read yet. */
  readonly nextRound: number;
  /** Ends once so many rounds were read; null follows until the signal aborts. */
  readonly maxRounds: number | null;
  readonly onEvent: (event: Extract<NetworkEvent, { type: 'phase' | 'warning' }>) => void;
  readonly onRound: (round: FinishedRound) => Promise<void>;
};

/** Waits between attempts to read a round, whose artifacts may still be on their way when its last block is sealed. */
const RETRY = { firstDelayMs: 500, maxDelayMs: 30_000 };

/**
 * Watches the chain without a word of its own: tells each new block's phase at once, and each finished round once it was
 * read, in order. Reading takes a while, so blocks are followed beside it.
 */
export async function followNetwork(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const heads = new HeadCell(both);
  try {
    await Promise.race([followBlocks(options, heads, both), readRounds(options, heads, both)]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop.abort();
  }
}

/** The newest head, and a way to wait for the next. */
class HeadCell {
  readonly #aborted: Promise<never>;
  #head: Block | null = null;
  #next = Promise.withResolvers<Block>();

  constructor(signal: AbortSignal) {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.catch(() => undefined);
    this.#aborted = promise;
  }

  set(head: Block): void {
    this.#head = head;
    this.#next.resolve(head);
    this.#next = Promise.withResolvers();
  }

  async atLeast(number: number): Promise<void> {
    while (this.#head === null || this.#head.number < number) {
      await Promise.race([this.#next.promise, this.#aborted]);
    }
  }
}

async function followBlocks(options: FollowOptions, heads: HeadCell, signal: AbortSignal): Promise<never> {
  const { ledger, schedule, onEvent } = options;
  let head = await ledger.head(signal);
  let window: string | null = null;
  for (;;) {
    heads.set(head);
    const point = phaseAt(head.number + 1, schedule);
    const step = point.phase === 'merge' ? point.step : null;
    const round = point.phase === 'waiting' ? null : point.round;
    const name = `${round}/${step ?? point.phase}`;
    const roundBlocks = roundLengthBlocks(schedule);
    onEvent({
      type: 'phase',
      block: head.number + 1,
      round,
      phase: point.phase,
      step,
      blocksLeft: point.blocksLeft,
      roundBlocks,
      blocksDone: round === null ? 0 : head.number + 1 - roundWindow(round, schedule).firstBlock,
      entered: name !== window,
    });
    window = name;
    head = await ledger.waitForBlock(head.number + 1, signal);
  }
}

async function readRounds(options: FollowOptions, heads: HeadCell, signal: AbortSignal): Promise<void> {
  const { schedule, nextRound, maxRounds, onRound } = options;
  const end = maxRounds === null ? Number.POSITIVE_INFINITY : nextRound + maxRounds;
  for (let round = nextRound; round < end; round++) {
    await heads.atLeast(roundWindow(round, schedule).lastBlock);
    await onRound(await readPatiently(options, round, signal));
  }
}

async function readPatiently(
  { reader, onEvent, clock }: FollowOptions,
  round: number,
  signal: AbortSignal,
): Promise<FinishedRound> {
  for (let failures = 1; ; failures++) {
    try {
      return await reader.read(round, signal);
    } catch (error) {
      signal.throwIfAborted();
      // A round that is hard to fetch is waited for; the network goes on meanwhile.
      if (!(error instanceof ConnitoError) || error.advice !== 'retry') throw error;
      onEvent({ type: 'warning', text: `Round ${round} cannot be read yet: ${error.message}` });
      await sleep(clock, backoffMs(RETRY, failures), signal);
    }
  }
}
