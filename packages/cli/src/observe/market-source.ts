import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MarketFacts, Source } from '@connito/dashboard';
import type { Ledger, PaymentLedger } from '@connito/ledger';
import {
  decodeIndex,
  decodeStatement,
  LedgerSettlement,
  latestNotice,
  type PackageIndex,
  type Statement,
  searchIndex,
  statementHashOf,
  statusOf,
} from '@connito/market';
import { fileError } from '@connito/node';

type Package = MarketFacts['packages'][number];
type StatementFacts = MarketFacts['statements'][number];

export type MarketSourceOptions = {
  /** Index file, as `connito market index` writes it. */
  readonly index?: string;
  /** Statement files, and folders of `.json` statements. */
  readonly statements: readonly string[];
  /** Where payments are looked for. */
  readonly ledger: Ledger;
};

/** Files in one folder of statements at most. */
const MAX_FILES = 4_096;

/** What the dashboard shows of a market: signatures of notices and statements are checked, files read again when they change. */
export class MarketSource implements Source<MarketFacts> {
  readonly #options: MarketSourceOptions;
  readonly #files = new Map<string, { readonly version: string; readonly value: unknown }>();
  /** By statement hash: where it was paid, or up to which block it was not. */
  readonly #payments = new Map<string, StatementFacts['payment']>();

  constructor(options: MarketSourceOptions) {
    this.#options = options;
  }

  async read(signal: AbortSignal): Promise<MarketFacts> {
    const { index, statements } = this.#options;
    const packages =
      index === undefined ? [] : await this.#cached(index, (bytes) => packagesOf(decodeIndex(bytes)));
    const read: StatementFacts[] = [];
    for (const file of await filesOf(statements)) {
      const { statement } = await this.#cached(file, (bytes) => decodeStatement(bytes));
      read.push(await this.#factsOf(file, statement, signal));
    }
    read.sort((a, b) => (a.server < b.server ? -1 : a.server > b.server ? 1 : b.number - a.number));
    return { index: index ?? null, packages, statements: read };
  }

  async #cached<T>(path: string, decode: (bytes: Uint8Array) => T): Promise<T> {
    const unusable = (error: unknown): never => {
      throw fileError(error, path);
    };
    const { mtimeMs, size, ino } = await stat(path).catch(unusable);
    const version = `${mtimeMs}/${size}/${ino}`;
    const known = this.#files.get(path);
    if (known?.version === version) return known.value as T;
    const value = decode(await readFile(path).catch(unusable));
    this.#files.set(path, { version, value });
    return value;
  }

  async #factsOf(file: string, statement: Statement, signal: AbortSignal): Promise<StatementFacts> {
    const { server, number, previous, receipts, tokens, baseTokens, total, carriedMillionths } = statement;
    return {
      file,
      hash: statementHashOf(statement),
      server,
      number,
      previous,
      receipts,
      tokens,
      baseTokens,
      total,
      carriedMillionths,
      packages: statement.packages.map(({ payees: _, ...each }) => each),
      payees: statement.payees,
      payment: await this.#paymentOf(statement, signal),
    };
  }

  /** Only blocks that were not looked at before are asked for. */
  async #paymentOf(statement: Statement, signal: AbortSignal): Promise<StatementFacts['payment']> {
    const { ledger } = this.#options;
    if (statement.total === 0) return { kind: 'nothing' };
    if (!holdsMoney(ledger)) return { kind: 'unknown' };
    const hash = statementHashOf(statement);
    const known = this.#payments.get(hash);
    if (known?.kind === 'paid') return known;
    const from = known?.kind === 'unpaid' ? known.upToBlock + 1 : 0;
    const { number: to } = await ledger.head(signal);
    const proof = from > to ? null : await new LedgerSettlement(ledger).find(statement, { from, to }, signal);
    const found: StatementFacts['payment'] =
      proof === null ? { kind: 'unpaid', upToBlock: to } : { kind: 'paid', block: proof.block };
    this.#payments.set(hash, found);
    return found;
  }
}

function holdsMoney(ledger: Ledger): ledger is Ledger & PaymentLedger {
  return 'payments' in ledger;
}

function packagesOf(index: PackageIndex): Package[] {
  return searchIndex(index, { activeOnly: false }).map((entry) => {
    const notice = latestNotice(index, entry)?.notice ?? null;
    return {
      ...entry,
      status: statusOf(index, entry),
      notice:
        notice === null
          ? null
          : {
              kind: notice.kind,
              reason: notice.reason,
              replacement: notice.replacement,
              sequence: notice.sequence,
            },
    };
  });
}

/** The files named, and those in the folders named. */
async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files = await Promise.all(
    paths.map(async (path) => {
      try {
        if (!(await stat(path)).isDirectory()) return [path];
        const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort();
        return names.slice(0, MAX_FILES).map((name) => join(path, name));
      } catch (error) {
        throw fileError(error, path);
      }
    }),
  );
  return files.flat();
}
