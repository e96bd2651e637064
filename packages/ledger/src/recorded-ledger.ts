import { fromHex, type Uid } from '@connito/protocol';
import { NO_PARENT } from './check-extract.ts';
import { ledgerError } from './errors.ts';
import type { Block, Ledger, LedgerNote, Neuron, NeuronPayout } from './ledger.ts';
import type { LedgerExtract } from './ledger-extract.ts';
import { type StakeBook, withPermits } from './permits.ts';

/** A ledger as an extract recorded it, for reading: everything but writing and waiting is as on the ledger itself. */
export class RecordedLedger implements Ledger {
  readonly #extract: LedgerExtract;
  readonly #stakes: StakeBook;

  /** The extract is taken as it is; `checkExtract` says whether it is sound. */
  constructor(extract: LedgerExtract) {
    this.#extract = extract;
    const { stakes } = extract.genesis.content;
    this.#stakes = new Map(stakes.map(({ hotkey, stake }) => [hotkey, BigInt(stake)]));
  }

  async head(): Promise<Block> {
    return this.block(this.#extract.blocks.length);
  }

  async block(number: number): Promise<Block> {
    const { hash, timestampMs } = this.#sealed(number);
    const parentHash = number === 0 ? NO_PARENT : this.#sealed(number - 1).hash;
    return { number, hash, parentHash, timestampMs };
  }

  async neurons(atBlock: number): Promise<readonly Neuron[]> {
    this.#sealed(atBlock);
    const endpoints = new Map<Uid, string>();
    const registered: { uid: Uid; hotkey: Neuron['hotkey']; registeredAtBlock: number }[] = [];
    this.#extract.blocks.slice(0, atBlock).forEach(({ content }, i) => {
      for (const { uid, hotkey } of content.registrations)
        registered.push({ uid, hotkey, registeredAtBlock: i + 1 });
      for (const { uid, endpoint } of content.endpoints) endpoints.set(uid, endpoint);
    });
    const neurons = registered.map((neuron) => ({ ...neuron, endpoint: endpoints.get(neuron.uid) ?? null }));
    return withPermits(neurons, this.#stakes, this.#extract.genesis.content);
  }

  async notes(fromBlock: number, toBlock: number): Promise<readonly LedgerNote[]> {
    this.#sealed(toBlock);
    const notes: LedgerNote[] = [];
    for (let number = Math.max(1, fromBlock); number <= toBlock; number++) {
      for (const { hotkey, index, data } of this.#extract.blocks[number - 1]!.content.notes) {
        notes.push({ hotkey, block: number, index, data: fromHex(data) });
      }
    }
    return notes;
  }

  async payouts(atBlock: number): Promise<readonly NeuronPayout[]> {
    this.#sealed(atBlock);
    for (let number = atBlock; number > 0; number--) {
      const { payouts } = this.#extract.blocks[number - 1]!.content;
      if (payouts.length > 0) return payouts;
    }
    return [];
  }

  async waitForBlock(number: number): Promise<Block> {
    this.#sealed(number);
    return this.head();
  }

  register(): Promise<Uid> {
    return refuse();
  }

  commit(): Promise<number> {
    return refuse();
  }

  announce(): Promise<void> {
    return refuse();
  }

  setWeights(): Promise<void> {
    return refuse();
  }

  ready(): Promise<void> {
    return refuse();
  }

  #sealed(number: number): { readonly hash: string; readonly timestampMs: number } {
    const { genesis, blocks } = this.#extract;
    const found = number === 0 ? genesis : blocks[number - 1];
    if (found !== undefined) return found;
    const message = `Block ${number} is not recorded; the last one is ${blocks.length}.`;
    throw ledgerError('unknown_block', message, { number, head: blocks.length });
  }
}

async function refuse(): Promise<never> {
  throw ledgerError('ledger_closed', 'A recorded ledger is for reading only.');
}
