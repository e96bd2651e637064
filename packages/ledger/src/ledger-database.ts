import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { nodeError } from '@connito/node';
import { type Hotkey, toHex, type Uid } from '@connito/protocol';
import type { BlockHeader } from './block-hash.ts';
import type { BondMatrix, PostedWeights } from './epoch.ts';
import { ledgerError } from './errors.ts';
import type { Block, ChainWeight, LedgerNote, NeuronPayout } from './ledger.ts';
import type { BlockContent } from './ledger-extract.ts';
import type { Payment } from './payments.ts';
import type { Registration } from './permits.ts';

const TABLES = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS blocks (
    number INTEGER PRIMARY KEY, hash TEXT NOT NULL, parent_hash TEXT NOT NULL, timestamp_ms INTEGER NOT NULL,
    entropy BLOB NOT NULL, content_hash TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS neurons (
    uid INTEGER PRIMARY KEY, hotkey TEXT NOT NULL UNIQUE, block INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS endpoints (
    uid INTEGER NOT NULL, block INTEGER NOT NULL, endpoint TEXT NOT NULL, PRIMARY KEY (uid, block)) STRICT;
  -- request_id makes a repeated submission harmless; a replaced note is charged for but no longer read.
  CREATE TABLE IF NOT EXISTS notes (
    block INTEGER NOT NULL, idx INTEGER NOT NULL, hotkey TEXT NOT NULL, data BLOB NOT NULL,
    request_id TEXT NOT NULL, replaced INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (block, idx), UNIQUE (hotkey, request_id)) STRICT;
  CREATE INDEX IF NOT EXISTS notes_by_hotkey ON notes (hotkey, block);
  CREATE TABLE IF NOT EXISTS weights (
    uid INTEGER NOT NULL, block INTEGER NOT NULL, weights TEXT NOT NULL, PRIMARY KEY (uid, block)) STRICT;
  CREATE TABLE IF NOT EXISTS payouts (
    block INTEGER NOT NULL, uid INTEGER NOT NULL, incentive INTEGER NOT NULL, dividends INTEGER NOT NULL,
    emission INTEGER NOT NULL, PRIMARY KEY (block, uid)) STRICT;
  CREATE TABLE IF NOT EXISTS payments (
    block INTEGER NOT NULL, idx INTEGER NOT NULL, payer TEXT NOT NULL, reference TEXT NOT NULL,
    PRIMARY KEY (block, idx), UNIQUE (payer, reference)) STRICT;
  CREATE TABLE IF NOT EXISTS transfers (
    block INTEGER NOT NULL, idx INTEGER NOT NULL, part INTEGER NOT NULL, payer TEXT NOT NULL, payee TEXT NOT NULL,
    amount INTEGER NOT NULL, PRIMARY KEY (block, idx, part)) STRICT;
  CREATE INDEX IF NOT EXISTS transfers_by_payer ON transfers (payer, block);
  CREATE INDEX IF NOT EXISTS transfers_by_payee ON transfers (payee, block);
  CREATE TABLE IF NOT EXISTS bonds (block INTEGER PRIMARY KEY, matrix TEXT NOT NULL) STRICT;
`;

type Row = Record<string, SQLOutputValue>;

/** A place in the ledger's order of notes. */
export type NotePosition = { readonly block: number; readonly index: number };

/**
 * The ledger's tables, one method for each query. A statement's effect is on the disk when it returns: the log is
 * written ahead and synced at each commit. Rows of the open block carry its number; reads say up to which block.
 */
export class LedgerDatabase {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens the file for this process alone. Fails with `ledger_in_use` or `ledger_unusable`. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#database = new DatabaseSync(path);
      // Held until the process ends, however it ends: two writers would make two histories.
      this.#database.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;',
      );
      this.#database.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT;`);
    } catch (cause) {
      throw openError(cause, path);
    }
  }

  close(): void {
    this.#database.close();
  }

  /** All or nothing, durable when it returns. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw writeError(error, this.#path);
    }
  }

  genesis(): string | null {
    const row = this.#get("SELECT value FROM meta WHERE key = 'genesis'");
    return row === null ? null : text(row, 'value');
  }

  insertGenesis(json: string): void {
    this.#run("INSERT INTO meta VALUES ('genesis', ?)", json);
  }

  head(): Block | null {
    const row = this.#get('SELECT * FROM blocks ORDER BY number DESC LIMIT 1');
    return row === null ? null : blockOf(row);
  }

  block(number: number): Block | null {
    const row = this.#get('SELECT * FROM blocks WHERE number = ?', number);
    return row === null ? null : blockOf(row);
  }

  insertBlock(hash: string, header: BlockHeader): void {
    const { number, parentHash, timestampMs, entropy, contentHash } = header;
    this.#run(
      'INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)',
      number,
      hash,
      parentHash,
      timestampMs,
      entropy,
      contentHash,
    );
  }

  /** What a sealed block's hash covers besides its content, and the hash. */
  header(number: number): (Omit<BlockHeader, 'contentHash'> & { readonly hash: string }) | null {
    const row = this.#get('SELECT * FROM blocks WHERE number = ?', number);
    return row === null ? null : { ...blockOf(row), entropy: blob(row, 'entropy') };
  }

  /** Everything a block includes, also while it is open: registrations, endpoints, notes, weights, an epoch's payouts. */
  contentOf(block: number): BlockContent {
    const registrations = this.#all('SELECT uid, hotkey FROM neurons WHERE block = ? ORDER BY uid', block);
    const weights = this.#all('SELECT uid, weights FROM weights WHERE block = ? ORDER BY uid', block);
    const payouts = this.#all('SELECT * FROM payouts WHERE block = ? ORDER BY uid', block);
    const payments = this.payments(block, block).map(({ payer, reference, transfers }) => ({
      payer,
      reference,
      transfers: [...transfers],
    }));
    const notes = this.#all(
      'SELECT hotkey, block, idx, data FROM notes WHERE block = ? AND replaced = 0 ORDER BY idx',
      block,
    );
    return {
      registrations: registrations.map((row) => ({
        uid: integer(row, 'uid') as Uid,
        hotkey: text(row, 'hotkey') as Hotkey,
      })),
      endpoints: this.#all('SELECT uid, endpoint FROM endpoints WHERE block = ? ORDER BY uid', block).map(
        (row) => ({ uid: integer(row, 'uid') as Uid, endpoint: text(row, 'endpoint') }),
      ),
      notes: notes.map((row) => {
        const { hotkey, index, data } = noteOf(row);
        return { hotkey, index, data: toHex(data) };
      }),
      weights: weights.map((row) => ({
        uid: integer(row, 'uid') as Uid,
        weights: JSON.parse(text(row, 'weights')) as ChainWeight[],
      })),
      payouts: payouts.map(payoutOf),
      ...(payments.length === 0 ? {} : { payments }),
    };
  }

  uidOf(hotkey: Hotkey): Uid | null {
    const row = this.#get('SELECT uid FROM neurons WHERE hotkey = ?', hotkey);
    return row === null ? null : (integer(row, 'uid') as Uid);
  }

  neuronCount(): number {
    return integer(this.#get('SELECT COUNT(*) AS n FROM neurons'), 'n');
  }

  insertNeuron(uid: Uid, hotkey: Hotkey, block: number): void {
    this.#run('INSERT INTO neurons VALUES (?, ?, ?)', uid, hotkey, block);
  }

  /** Neurons registered up to a block, each with the endpoint it had then, by uid. */
  registrations(atBlock: number): Registration[] {
    return this.#all(
      `SELECT uid, hotkey, block,
         (SELECT endpoint FROM endpoints e WHERE e.uid = n.uid AND e.block <= ?1 ORDER BY e.block DESC LIMIT 1) AS endpoint
       FROM neurons n WHERE block <= ?1 ORDER BY uid`,
      atBlock,
    ).map((row) => ({
      uid: integer(row, 'uid') as Uid,
      hotkey: text(row, 'hotkey') as Hotkey,
      endpoint: row.endpoint === null ? null : text(row, 'endpoint'),
      registeredAtBlock: integer(row, 'block'),
    }));
  }

  lastAnnouncement(uid: Uid): number | null {
    return nullableInteger(
      this.#get('SELECT MAX(block) AS block FROM endpoints WHERE uid = ?', uid),
      'block',
    );
  }

  setEndpoint(uid: Uid, block: number, endpoint: string): void {
    this.#run('INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?)', uid, block, endpoint);
  }

  /** Notes after a place up to the end of a block, in ledger order. */
  notes(after: NotePosition, toBlock: number, limit: number): LedgerNote[] {
    return this.#all(
      `SELECT hotkey, block, idx, data FROM notes
       WHERE (block, idx) > (?, ?) AND block <= ? AND replaced = 0 ORDER BY block, idx LIMIT ?`,
      after.block,
      after.index,
      toBlock,
      limit,
    ).map(noteOf);
  }

  /** Each hotkey's last note up to a block, by hotkey. */
  currentNotes(atBlock: number): LedgerNote[] {
    return this.#all(
      `SELECT hotkey, block, idx, data FROM notes n
       WHERE (block, idx) = (SELECT block, idx FROM notes WHERE hotkey = n.hotkey AND block <= ? AND replaced = 0
                             ORDER BY block DESC, idx DESC LIMIT 1) ORDER BY hotkey`,
      atBlock,
    ).map(noteOf);
  }

  noteOfRequest(hotkey: Hotkey, requestId: string): { readonly block: number } | null {
    const row = this.#get('SELECT block FROM notes WHERE hotkey = ? AND request_id = ?', hotkey, requestId);
    return row === null ? null : { block: integer(row, 'block') };
  }

  notesOf(hotkey: Hotkey, block: number): number {
    return integer(
      this.#get('SELECT COUNT(*) AS n FROM notes WHERE hotkey = ? AND block = ?', hotkey, block),
      'n',
    );
  }

  /** What a hotkey's notes from a block on are charged, each at least `minBytes`. */
  chargedBytes(hotkey: Hotkey, fromBlock: number, minBytes: number): number {
    const sql =
      'SELECT COALESCE(SUM(MAX(LENGTH(data), ?)), 0) AS n FROM notes WHERE hotkey = ? AND block >= ?';
    return integer(this.#get(sql, minBytes, hotkey, fromBlock), 'n');
  }

  replaceNotes(hotkey: Hotkey, block: number): void {
    this.#run('UPDATE notes SET replaced = 1 WHERE hotkey = ? AND block = ?', hotkey, block);
  }

  insertNote(block: number, hotkey: Hotkey, data: Uint8Array, requestId: string): void {
    this.#run(
      `INSERT INTO notes (block, idx, hotkey, data, request_id)
       VALUES (?1, (SELECT COALESCE(MAX(idx), -1) + 1 FROM notes WHERE block = ?1), ?2, ?3, ?4)`,
      block,
      hotkey,
      data,
      requestId,
    );
  }

  setWeights(uid: Uid, block: number, weights: readonly ChainWeight[]): void {
    this.#run('INSERT OR REPLACE INTO weights VALUES (?, ?, ?)', uid, block, JSON.stringify(weights));
  }

  lastWeights(uid: Uid): number | null {
    return nullableInteger(this.#get('SELECT MAX(block) AS block FROM weights WHERE uid = ?', uid), 'block');
  }

  /** Each validator's last posted weights. */
  postedWeights(): PostedWeights[] {
    const sql = 'SELECT uid, MAX(block) AS block, weights FROM weights GROUP BY uid ORDER BY uid';
    return this.#all(sql).map((row) => ({
      uid: integer(row, 'uid') as Uid,
      block: integer(row, 'block'),
      weights: JSON.parse(text(row, 'weights')) as ChainWeight[],
    }));
  }

  lastBonds(): BondMatrix {
    const row = this.#get('SELECT matrix FROM bonds ORDER BY block DESC LIMIT 1');
    return row === null ? [] : (JSON.parse(text(row, 'matrix')) as BondMatrix);
  }

  insertEpoch(block: number, payouts: readonly NeuronPayout[], bonds: BondMatrix): void {
    for (const { uid, incentive, dividends, emission } of payouts) {
      this.#run('INSERT INTO payouts VALUES (?, ?, ?, ?, ?)', block, uid, incentive, dividends, emission);
    }
    this.#run('INSERT INTO bonds VALUES (?, ?)', block, JSON.stringify(bonds));
  }

  /** Payouts of the last epoch that ended at or before a block, by uid. */
  payouts(atBlock: number): NeuronPayout[] {
    return this.#all(
      'SELECT * FROM payouts WHERE block = (SELECT MAX(block) FROM payouts WHERE block <= ?) ORDER BY uid',
      atBlock,
    ).map(payoutOf);
  }

  /** What a hotkey received up to a block, less what it paid. */
  netReceived(hotkey: Hotkey, atBlock: number): number {
    const sql = `SELECT
      (SELECT COALESCE(SUM(amount), 0) FROM transfers WHERE payee = ?1 AND block <= ?2) -
      (SELECT COALESCE(SUM(amount), 0) FROM transfers WHERE payer = ?1 AND block <= ?2) AS n`;
    return integer(this.#get(sql, hotkey, atBlock), 'n');
  }

  insertPayment({ block, payer, reference, transfers }: Payment): void {
    const next = 'SELECT COALESCE(MAX(idx), -1) + 1 AS n FROM payments WHERE block = ?';
    const index = integer(this.#get(next, block), 'n');
    this.#run('INSERT INTO payments VALUES (?, ?, ?, ?)', block, index, payer, reference);
    transfers.forEach(({ to, amount }, part) => {
      this.#run('INSERT INTO transfers VALUES (?, ?, ?, ?, ?, ?)', block, index, part, payer, to, amount);
    });
  }

  paymentOf(payer: Hotkey, reference: string): Payment | null {
    const row = this.#get('SELECT * FROM payments WHERE payer = ? AND reference = ?', payer, reference);
    return row === null ? null : this.#paymentOf(row);
  }

  /** Payments of some blocks, in ledger order. */
  payments(fromBlock: number, toBlock: number): Payment[] {
    const sql = 'SELECT * FROM payments WHERE block BETWEEN ? AND ? ORDER BY block, idx';
    return this.#all(sql, fromBlock, toBlock).map((row) => this.#paymentOf(row));
  }

  #paymentOf(row: Row): Payment {
    const [block, index] = [integer(row, 'block'), integer(row, 'idx')];
    const sql = 'SELECT payee, amount FROM transfers WHERE block = ? AND idx = ? ORDER BY part';
    const transfers = this.#all(sql, block, index).map((transfer) => ({
      to: text(transfer, 'payee') as Hotkey,
      amount: integer(transfer, 'amount'),
    }));
    return { payer: text(row, 'payer') as Hotkey, reference: text(row, 'reference'), transfers, block };
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #get(sql: string, ...values: (string | number | Uint8Array)[]): Row | null {
    return this.#statement(sql).get(...values) ?? null;
  }

  #all(sql: string, ...values: (string | number | Uint8Array)[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  #run(sql: string, ...values: (string | number | Uint8Array)[]): void {
    this.#statement(sql).run(...values);
  }
}

function blockOf(row: Row): Block {
  return {
    number: integer(row, 'number'),
    hash: text(row, 'hash'),
    parentHash: text(row, 'parent_hash'),
    timestampMs: integer(row, 'timestamp_ms'),
  };
}

function payoutOf(row: Row): NeuronPayout {
  return {
    uid: integer(row, 'uid') as Uid,
    incentive: integer(row, 'incentive'),
    dividends: integer(row, 'dividends'),
    emission: integer(row, 'emission'),
  };
}

function noteOf(row: Row): LedgerNote {
  return {
    hotkey: text(row, 'hotkey') as Hotkey,
    block: integer(row, 'block'),
    index: integer(row, 'idx'),
    data: blob(row, 'data'),
  };
}

function blob(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  throw ledgerError('ledger_unusable', `The ledger file holds no bytes in ${column}.`);
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw ledgerError('ledger_unusable', `The ledger file holds no text in ${column}.`);
}

function integer(row: Row | null, column: string): number {
  const value = row?.[column];
  if (typeof value === 'number') return value;
  throw ledgerError('ledger_unusable', `The ledger file holds no number in ${column}.`);
}

function nullableInteger(row: Row | null, column: string): number | null {
  return row === null || row[column] === null ? null : integer(row, column);
}

/** SQLite's primary result codes. */
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

function resultCode(error: unknown): number | null {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : null;
  return typeof code === 'number' ? code & 0xff : null;
}

function openError(cause: unknown, path: string) {
  if (resultCode(cause) === SQLITE_BUSY) {
    return ledgerError(
      'ledger_in_use',
      `Another process has the ledger ${path} open. Only one may; stop it, or connect to it over HTTP.`,
      { path },
      cause,
    );
  }
  return ledgerError(
    'ledger_unusable',
    `Cannot open the ledger ${path}. Check that it is a ledger file and writable.`,
    { path },
    cause,
  );
}

function writeError(error: unknown, path: string): unknown {
  if (resultCode(error) !== SQLITE_FULL) return error;
  return nodeError(
    'disk_full',
    `No space left to write ${path}. Free space on that file system; nothing was lost.`,
    {
      details: { path },
      cause: error,
    },
  );
}
