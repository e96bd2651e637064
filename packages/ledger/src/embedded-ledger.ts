import { randomBytes } from 'node:crypto';
import { type Clock, type Keypair, systemClock } from '@connito/node';
import { differingFields, type Hotkey, toHex, type Uid } from '@connito/protocol';
import { blockHashOf, contentHashOf } from './block-hash.ts';
import { BlockWaiters } from './block-waiters.ts';
import { NO_PARENT } from './check-extract.ts';
import { runEpoch } from './epoch.ts';
import { ledgerError } from './errors.ts';
import { endsEpoch, epochOf, type Genesis, type GenesisInput, parseGenesis } from './genesis.ts';
import { hotkeyView } from './hotkey-view.ts';
import type { Block, ChainWeight, Ledger, LedgerNote, Neuron, NeuronPayout } from './ledger.ts';
import { LedgerDatabase, type NotePosition } from './ledger-database.ts';
import type { LedgerExtract, SealedContent, SealedGenesis } from './ledger-extract.ts';
import { type LedgerLimits, LIMITS } from './limits.ts';
import {
  checkBalance,
  checkPayment,
  checkRepeated,
  type Payment,
  type PaymentLedger,
  type Transfer,
} from './payments.ts';
import { type StakeBook, withPermits } from './permits.ts';
import {
  checkAllowance,
  checkEndpoint,
  checkInterval,
  checkNoteSize,
  checkWeights,
} from './submission-rules.ts';

export type EmbeddedLedgerOptions = {
  /** The SQLite file, created if need be; `:memory:` keeps nothing. */
  readonly path: string;
  readonly genesis: GenesisInput;
};

export type EmbeddedLedgerDependencies = {
  readonly clock?: Clock;
  /** 32 unpredictable bytes for each block. Tests pass their own. */
  readonly entropy?: () => Uint8Array;
};

/** Told what a block producer needs to know, at once and in order. */
export type LedgerObserver = {
  registered(hotkey: Hotkey): void;
  ready(hotkey: Hotkey, number: number): void;
};

/** More than any block holds; whoever serves notes to others asks for pages. */
const ALL_NOTES = 2 ** 31;

/**
 * A whole ledger in one SQLite file that one process owns. What a method returns or a promise resolves to is durable.
 * Blocks are sealed by calling `seal`, which a `BlockProducer` does; `as` gives one hotkey's view.
 *
 * @example
 * const ledger = EmbeddedLedger.open({ path: 'ledger.db', genesis: { networkName: 'local', netuid: 1 } });
 * await ledger.as(keypair).commit(note);
 * ledger.seal();
 */
export class EmbeddedLedger implements Disposable {
  readonly genesis: Genesis;
  readonly limits: LedgerLimits;
  readonly #database: LedgerDatabase;
  readonly #stakes: StakeBook;
  readonly #clock: Clock;
  readonly #entropy: () => Uint8Array;
  readonly #waiters = new BlockWaiters();
  readonly #observers = new Set<LedgerObserver>();
  #head: Block;
  #closed = false;

  private constructor(database: LedgerDatabase, genesis: Genesis, dependencies: EmbeddedLedgerDependencies) {
    this.#database = database;
    this.genesis = genesis;
    this.limits = LIMITS[genesis.limits];
    this.#stakes = new Map(genesis.stakes.map(({ hotkey, stake }) => [hotkey, BigInt(stake)]));
    this.#clock = dependencies.clock ?? systemClock;
    this.#entropy = dependencies.entropy ?? (() => randomBytes(32));
    this.#head = database.head() ?? this.#createGenesisBlock();
  }

  /** Fails with `invalid_genesis`, `genesis_mismatch`, `ledger_in_use` or `ledger_unusable`. */
  static open(options: EmbeddedLedgerOptions, dependencies: EmbeddedLedgerDependencies = {}): EmbeddedLedger {
    const genesis = parseGenesis(options.genesis);
    const database = new LedgerDatabase(options.path);
    try {
      checkStoredGenesis(database, genesis, options.path);
      return new EmbeddedLedger(database, genesis, dependencies);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The ledger as one hotkey sees and writes it. */
  as(identity: Hotkey | Keypair): Ledger & PaymentLedger {
    return hotkeyView(this, typeof identity === 'string' ? identity : identity.hotkey);
  }

  get head(): Block {
    return this.#head;
  }

  /** Callers waiting for a block. */
  get waiting(): number {
    return this.#waiters.size;
  }

  block(number: number): Block {
    return this.#database.block(number) ?? this.#refuseBlock(number);
  }

  waitForBlock(number: number, signal: AbortSignal): Promise<Block> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#head.number >= number) return Promise.resolve(this.#head);
    return this.#waiters.wait(number, signal);
  }

  neurons(atBlock: number): Neuron[] {
    this.#requireSealed(atBlock);
    return withPermits(this.#database.registrations(atBlock), this.#stakes, this.genesis);
  }

  /** Hotkeys registered so far, those of the open block included. */
  registeredHotkeys(): Hotkey[] {
    return this.#database.registrations(this.#head.number + 1).map(({ hotkey }) => hotkey);
  }

  notes(fromBlock: number, toBlock: number): LedgerNote[] {
    return this.notesAfter({ block: fromBlock, index: -1 }, toBlock, ALL_NOTES);
  }

  /** At most `limit` notes after a place in the ledger's order, up to the end of a sealed block. */
  notesAfter(after: NotePosition, toBlock: number, limit: number): LedgerNote[] {
    this.#requireSealed(toBlock);
    return this.#database.notes(after, toBlock, limit);
  }

  /** Each hotkey's last note as of a sealed block: what Bittensor calls its commitment. */
  currentNotes(atBlock: number): LedgerNote[] {
    this.#requireSealed(atBlock);
    return this.#database.currentNotes(atBlock);
  }

  payouts(atBlock: number): NeuronPayout[] {
    this.#requireSealed(atBlock);
    return this.#database.payouts(atBlock);
  }

  /** Block 0 with all that its hash covers. */
  sealedGenesis(): SealedGenesis {
    return { ...this.#sealOf(0), content: this.genesis };
  }

  /** A later sealed block with all that its hash covers. */
  sealedContent(number: number): SealedContent {
    this.#requireSealed(number);
    if (number === 0) this.#refuseBlock(number);
    return { ...this.#sealOf(number), content: this.#database.contentOf(number) };
  }

  /** All blocks up to a sealed one. */
  extract(toBlock: number): LedgerExtract {
    this.#requireSealed(toBlock);
    const blocks = Array.from({ length: toBlock }, (_, i) => this.sealedContent(i + 1));
    return { format: 'connito/1/ledger-extract', genesis: this.sealedGenesis(), blocks };
  }

  /** What a hotkey has as of a sealed block. */
  balance(hotkey: Hotkey, atBlock: number): number {
    this.#requireSealed(atBlock);
    return this.#balance(hotkey, atBlock);
  }

  /** Pays in the open block, once for each reference. Fails with `invalid_payment` or `insufficient_balance`. */
  pay(payer: Hotkey, reference: string, transfers: readonly Transfer[]): number {
    const amount = checkPayment(reference, transfers);
    return this.#write(() => {
      const made = this.#database.paymentOf(payer, reference);
      if (made !== null) {
        checkRepeated(made, transfers);
        return made.block;
      }
      const open = this.#openBlock;
      checkBalance(payer, this.#balance(payer, open), amount);
      this.#database.insertPayment({ payer, reference, transfers, block: open });
      return open;
    });
  }

  payments(fromBlock: number, toBlock: number): Payment[] {
    this.#requireSealed(toBlock);
    return this.#database.payments(fromBlock, toBlock);
  }

  register(hotkey: Hotkey): Uid {
    const { uid, isNew } = this.#write(() => {
      const known = this.#database.uidOf(hotkey);
      if (known !== null) return { uid: known, isNew: false };
      const count = this.#database.neuronCount();
      if (count >= this.genesis.maxUids) {
        throw ledgerError(
          'subnet_full',
          `All ${count} uids are taken; nobody is ever replaced on this ledger.`,
          {
            maxUids: count,
          },
        );
      }
      this.#database.insertNeuron(count as Uid, hotkey, this.#openBlock);
      return { uid: count as Uid, isNew: true };
    });
    if (isNew) for (const observer of this.#observers) observer.registered(hotkey);
    return uid;
  }

  /** Writes a note. The same `requestId` from the same hotkey writes it once, so a client may safely repeat it. */
  commit(hotkey: Hotkey, data: Uint8Array, requestId = randomBytes(16).toString('hex')): number {
    checkNoteSize(data);
    return this.#write(() => {
      this.#uidOf(hotkey);
      const repeated = this.#database.noteOfRequest(hotkey, requestId);
      if (repeated !== null) return repeated.block;
      const open = this.#openBlock;
      const { minNoteChargeBytes, oneNotePerBlock } = this.limits;
      const { tempoBlocks, epochOffsetBlocks } = this.genesis;
      const epochStart = epochOffsetBlocks + epochOf(open, this.genesis) * tempoBlocks;
      checkAllowance(this.limits, {
        notesInBlock: this.#database.notesOf(hotkey, open),
        chargedInEpoch: this.#database.chargedBytes(hotkey, epochStart, minNoteChargeBytes),
        noteBytes: data.length,
        nextEpochBlock: epochStart + tempoBlocks,
      });
      if (oneNotePerBlock) this.#database.replaceNotes(hotkey, open);
      this.#database.insertNote(open, hotkey, data, requestId);
      return open;
    });
  }

  announce(hotkey: Hotkey, endpoint: string): void {
    const checked = checkEndpoint(endpoint);
    this.#write(() => {
      const uid = this.#uidOf(hotkey);
      const interval = this.limits.announceIntervalBlocks;
      checkInterval('announce_limit', this.#database.lastAnnouncement(uid), this.#openBlock, interval);
      this.#database.setEndpoint(uid, this.#openBlock, checked);
    });
  }

  setWeights(hotkey: Hotkey, weights: readonly ChainWeight[]): void {
    this.#write(() => {
      const uid = this.#uidOf(hotkey);
      const neurons = this.neurons(this.#head.number);
      if (neurons[uid]?.validatorPermit !== true) {
        throw ledgerError(
          'no_validator_permit',
          `${hotkey} has no validator permit at block ${this.#head.number}: among the ${this.genesis.maxValidators} with the most stake, and at least ${this.genesis.minValidatorStake}, get one.`,
          { hotkey, block: this.#head.number },
        );
      }
      checkWeights(weights, neurons.length);
      const interval = this.limits.weightsIntervalBlocks;
      checkInterval('weights_limit', this.#database.lastWeights(uid), this.#openBlock, interval);
      this.#database.setWeights(uid, this.#openBlock, weights);
    });
  }

  ready(hotkey: Hotkey, number: number): void {
    this.#uidOf(hotkey);
    if (number > this.#openBlock) {
      throw ledgerError('block_not_open', `Block ${number} is not open yet; ${this.#openBlock} is.`, {
        number,
        openBlock: this.#openBlock,
      });
    }
    for (const observer of this.#observers) observer.ready(hotkey, number);
  }

  /** Seals the open block, with the epoch's payouts where it ends one, and wakes who waits for it. */
  seal(): Block {
    const number = this.#openBlock;
    const block = this.#write(() => {
      const neurons = withPermits(this.#database.registrations(number), this.#stakes, this.genesis);
      if (endsEpoch(number, this.genesis) && neurons.length > 0) {
        const posted = this.#database.postedWeights();
        const epoch = runEpoch(number, neurons, posted, this.#database.lastBonds(), this.genesis);
        this.#database.insertEpoch(number, epoch.payouts, epoch.bonds);
      }
      return this.#appendBlock(number, this.#head.hash, contentHashOf(this.#database.contentOf(number)));
    });
    this.#head = block;
    this.#waiters.sealed(block);
    return block;
  }

  /** Tells an observer of registrations and readiness until the returned function is called. */
  observe(observer: LedgerObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Lets go of the file. Who still waits fails with `ledger_closed`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiters.failAll(closedError());
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #balance(hotkey: Hotkey, atBlock: number): number {
    const given = this.genesis.balances?.find((entry) => entry.hotkey === hotkey)?.amount ?? 0;
    return given + this.#database.netReceived(hotkey, atBlock);
  }

  get #openBlock(): number {
    return this.#head.number + 1;
  }

  #write<T>(work: () => T): T {
    if (this.#closed) throw closedError();
    return this.#database.transaction(work);
  }

  #uidOf(hotkey: Hotkey): Uid {
    if (this.#closed) throw closedError();
    const uid = this.#database.uidOf(hotkey);
    if (uid !== null) return uid;
    throw ledgerError(
      'not_registered',
      `${hotkey} is not registered on ${this.genesis.networkName}. Register first.`,
      {
        hotkey,
      },
    );
  }

  #sealOf(number: number): Omit<SealedContent, 'content'> {
    const header = this.#database.header(number) ?? this.#refuseBlock(number);
    return { hash: header.hash, timestampMs: header.timestampMs, entropy: toHex(header.entropy) };
  }

  #requireSealed(number: number): void {
    if (this.#closed) throw closedError();
    if (!Number.isSafeInteger(number) || number < 0 || number > this.#head.number) this.#refuseBlock(number);
  }

  #refuseBlock(number: number): never {
    throw ledgerError('unknown_block', `Block ${number} is not sealed; the head is ${this.#head.number}.`, {
      number,
      head: this.#head.number,
    });
  }

  #createGenesisBlock(): Block {
    return this.#database.transaction(() => {
      this.#database.insertGenesis(JSON.stringify(this.genesis));
      return this.#appendBlock(0, NO_PARENT, contentHashOf({ genesis: this.genesis }));
    });
  }

  #appendBlock(number: number, parentHash: string, contentHash: string): Block {
    const header = {
      number,
      parentHash,
      timestampMs: this.#clock.nowMs(),
      entropy: this.#entropy(),
      contentHash,
    };
    const hash = blockHashOf(header);
    this.#database.insertBlock(hash, header);
    return { number, hash, parentHash, timestampMs: header.timestampMs };
  }
}

function checkStoredGenesis(database: LedgerDatabase, genesis: Genesis, path: string): void {
  const stored = database.genesis();
  if (stored === null) return;
  const differing = differingFields(JSON.parse(stored), genesis);
  if (differing.length === 0) return;
  const fields = differing.slice(0, 10).join(', ');
  throw ledgerError(
    'genesis_mismatch',
    `The ledger ${path} was created with another genesis; these fields differ: ${fields}. Use the same genesis or another file.`,
    { path, fields },
  );
}

function closedError() {
  return ledgerError('ledger_closed', 'The ledger is closed.');
}
