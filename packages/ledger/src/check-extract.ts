import { fromHex, type Hotkey } from '@connito/protocol';
import { blockHashOf, contentHashOf } from './block-hash.ts';
import { type BondMatrix, type PostedWeights, runEpoch } from './epoch.ts';
import { endsEpoch, type Genesis } from './genesis.ts';
import type { Neuron } from './ledger.ts';
import type { BlockContent, LedgerExtract } from './ledger-extract.ts';
import { checkBalance, checkPayment } from './payments.ts';
import { type Registration, withPermits } from './permits.ts';
import { checkWeights } from './submission-rules.ts';

/** A place where an extract is not what the ledger's rules give. */
export type ExtractFault = {
  readonly block: number;
  /** Such as `hash` or `payouts.3.incentive`, with the uid for an index. */
  readonly field: string;
  readonly expected: string;
  readonly found: string;
};

/** The first block's parent. */
export const NO_PARENT = '0'.repeat(64);

/**
 * Recomputes a ledger: every block's hash from its content and its parent's hash, who may register, write and set weights, and
 * every epoch's payouts by Yuma consensus, all exactly. Returns what differs, block by block; nothing can be said of what
 * follows a broken hash, so the first one ends the list.
 */
export function checkExtract({ genesis, blocks }: LedgerExtract): ExtractFault[] {
  const { timestampMs, entropy, content, hash } = genesis;
  const own = blockHashOf({
    number: 0,
    parentHash: NO_PARENT,
    timestampMs,
    entropy: fromHex(entropy, 32),
    contentHash: contentHashOf({ genesis: content }),
  });
  if (own !== hash) return [{ block: 0, field: 'hash', expected: own, found: hash }];

  const rules = new LedgerRules(content);
  const faults: ExtractFault[] = [];
  let parentHash = hash;
  for (const [i, block] of blocks.entries()) {
    const number = i + 1;
    const expected = blockHashOf({
      number,
      parentHash,
      timestampMs: block.timestampMs,
      entropy: fromHex(block.entropy, 32),
      contentHash: contentHashOf(block.content),
    });
    if (expected !== block.hash) {
      return [...faults, { block: number, field: 'hash', expected, found: block.hash }];
    }
    faults.push(...rules.apply(number, block.content));
    parentHash = block.hash;
  }
  return faults;
}

/** What blocks may include, given the blocks before them. */
class LedgerRules {
  readonly #genesis: Genesis;
  readonly #stakes: ReadonlyMap<Hotkey, bigint>;
  readonly #registrations: Registration[] = [];
  readonly #posted = new Map<number, PostedWeights>();
  readonly #balances: Map<Hotkey, number>;
  readonly #paid = new Set<string>();
  #neurons: readonly Neuron[] = [];
  #bonds: BondMatrix = [];

  constructor(genesis: Genesis) {
    this.#genesis = genesis;
    this.#stakes = new Map(genesis.stakes.map(({ hotkey, stake }) => [hotkey, BigInt(stake)]));
    this.#balances = new Map(genesis.balances?.map(({ hotkey, amount }) => [hotkey, amount]));
  }

  apply(block: number, content: BlockContent): ExtractFault[] {
    const faults: ExtractFault[] = [];
    const fault = (field: string, expected: unknown, found: unknown): void => {
      faults.push({ block, field, expected: String(expected), found: String(found) });
    };
    // Permits are those of the block before: who registers here may not weigh here.
    const before = this.#neurons;
    this.#register(block, content, fault);
    const registered = new Set(this.#registrations.map(({ hotkey }) => hotkey));
    let last = -1;
    for (const { hotkey, index } of content.notes) {
      if (!registered.has(hotkey)) fault(`notes.${index}.hotkey`, 'a registered hotkey', hotkey);
      if (index <= last) fault(`notes.${index}.index`, `more than ${last}`, index);
      last = index;
    }
    for (const { uid, weights } of content.weights) {
      const isPermitted = before.find((neuron) => neuron.uid === uid)?.validatorPermit === true;
      if (!isPermitted) fault(`weights.${uid}`, 'a permitted validator', `uid ${uid}`);
      try {
        checkWeights(weights, before.length);
      } catch (error) {
        fault(`weights.${uid}`, 'valid weights', (error as Error).message);
      }
      this.#posted.set(uid, { uid, block, weights });
    }
    this.#pay(block, content, fault);
    this.#transfer(content, fault);
    return faults;
  }

  #transfer({ payments = [] }: BlockContent, fault: Report): void {
    for (const [i, { payer, reference, transfers }] of payments.entries()) {
      const balance = this.#balances.get(payer) ?? 0;
      try {
        checkBalance(payer, balance, checkPayment(reference, transfers));
      } catch (error) {
        fault(`payments.${i}`, 'a payment that its payer can make', (error as Error).message);
      }
      if (this.#paid.has(`${payer} ${reference}`))
        fault(`payments.${i}.reference`, 'one never paid before', reference);
      this.#paid.add(`${payer} ${reference}`);
      for (const { to, amount } of transfers) {
        this.#balances.set(payer, (this.#balances.get(payer) ?? 0) - amount);
        this.#balances.set(to, (this.#balances.get(to) ?? 0) + amount);
      }
    }
  }

  #register(block: number, content: BlockContent, fault: Report): void {
    for (const { uid, hotkey } of content.registrations) {
      const expected = this.#registrations.length;
      if (uid !== expected) fault(`registrations.${uid}`, `uid ${expected}`, `uid ${uid}`);
      if (this.#registrations.some((known) => known.hotkey === hotkey)) {
        fault(`registrations.${uid}`, 'a hotkey that has no uid yet', hotkey);
      }
      if (expected >= this.#genesis.maxUids) fault(`registrations.${uid}`, `${expected} uids`, expected + 1);
      this.#registrations.push({ uid, hotkey, endpoint: null, registeredAtBlock: block });
    }
    this.#neurons = withPermits(this.#registrations, this.#stakes, this.#genesis);
    for (const { uid } of content.endpoints) {
      if (uid >= this.#registrations.length) fault(`endpoints.${uid}`, 'a registered uid', uid);
    }
  }

  #pay(block: number, { payouts }: BlockContent, fault: Report): void {
    const isEpoch = endsEpoch(block, this.#genesis) && this.#neurons.length > 0;
    const posted = [...this.#posted.values()].sort((a, b) => a.uid - b.uid);
    const epoch = isEpoch ? runEpoch(block, this.#neurons, posted, this.#bonds, this.#genesis) : null;
    if (epoch !== null) this.#bonds = epoch.bonds;
    const expected = epoch?.payouts ?? [];
    if (payouts.length !== expected.length) {
      fault('payouts', `${expected.length} payouts`, `${payouts.length} payouts`);
      return;
    }
    for (const [i, payout] of expected.entries()) {
      const found = payouts[i]!;
      for (const field of ['uid', 'incentive', 'dividends', 'emission'] as const) {
        if (payout[field] !== found[field]) {
          fault(`payouts.${payout.uid}.${field}`, payout[field], found[field]);
        }
      }
    }
  }
}

type Report = (field: string, expected: unknown, found: unknown) => void;
