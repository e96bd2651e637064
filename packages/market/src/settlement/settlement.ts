import type { Ledger, PaymentLedger } from '@connito/ledger';
import { type Verify, verifySr25519 } from '@connito/protocol';
import { marketError } from '../errors.ts';
import {
  decodeStatement,
  encodeStatement,
  type SignedStatement,
  type Statement,
  statementHashOf,
} from './statement.ts';

/** That a statement was paid, and where to look. */
export type SettlementProof = {
  /** Hash of the statement. */
  readonly reference: string;
  readonly block: number;
  readonly total: number;
};

/**
 * How a statement is paid. The embedded ledger pays by itself. On Bittensor the money belongs to a coldkey, which no node
 * loads: an adapter there hands the payees to whoever holds it, and finds the transfers on the chain afterwards.
 */
export interface Settlement {
  /** Pays a statement of the client's own; paying it again does nothing. */
  settle(signed: SignedStatement, signal?: AbortSignal): Promise<SettlementProof>;
  /** Whether a statement was paid in full in some blocks, and where. For anybody. */
  find(
    statement: Statement,
    blocks: { readonly from: number; readonly to: number },
    signal?: AbortSignal,
  ): Promise<SettlementProof | null>;
}

/** Settles on a ledger that holds money itself. */
export class LedgerSettlement implements Settlement {
  readonly #ledger: PaymentLedger & Pick<Ledger, 'head'>;
  readonly #verify: Verify;

  constructor(ledger: PaymentLedger & Pick<Ledger, 'head'>, verify: Verify = verifySr25519) {
    this.#ledger = ledger;
    this.#verify = verify;
  }

  async settle(signed: SignedStatement, signal?: AbortSignal): Promise<SettlementProof> {
    const { statement } = decodeStatement(encodeStatement(signed), this.#verify);
    const reference = statementHashOf(statement);
    const { total } = statement;
    if (total === 0) {
      const message = `Statement ${statement.number} comes to less than a unit: there is nothing to pay. What is owed is carried to the next one.`;
      throw marketError('document_refused', message);
    }
    const transfers = statement.payees.map(({ hotkey, amount }) => ({ to: hotkey, amount }));
    return { reference, block: await this.#ledger.pay(reference, transfers, signal), total };
  }

  async find(
    statement: Statement,
    blocks: { readonly from: number; readonly to: number },
    signal?: AbortSignal,
  ): Promise<SettlementProof | null> {
    const reference = statementHashOf(statement);
    for (const payment of await this.#ledger.payments(blocks.from, blocks.to, signal)) {
      if (payment.reference !== reference || payment.payer !== statement.server) continue;
      const paid = new Map(payment.transfers.map(({ to, amount }) => [to, amount]));
      const inFull =
        paid.size === statement.payees.length &&
        statement.payees.every(({ hotkey, amount }) => paid.get(hotkey) === amount);
      if (inFull) return { reference, block: payment.block, total: statement.total };
    }
    return null;
  }
}
