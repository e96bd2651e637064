import type { Hotkey } from '@connito/protocol';
import { ledgerError } from './errors.ts';

/** Amounts are in the ledger's smallest unit. */
export type Transfer = { readonly to: Hotkey; readonly amount: number };

/** Several transfers of one hotkey, made together or not at all. */
export type Payment = {
  readonly payer: Hotkey;
  /** 64 hex digits that say what is paid, such as the hash of a statement: nobody pays the same twice. */
  readonly reference: string;
  readonly transfers: readonly Transfer[];
  readonly block: number;
};

/**
 * Money on a ledger, beside the `Ledger` seam and not part of it: a chain's own currency belongs to coldkeys, which no node
 * ever loads.
 *
 * Every adapter passes `payments-contract.ts`.
 */
export interface PaymentLedger {
  /** What a hotkey has as of a sealed block. */
  balance(hotkey: Hotkey, atBlock: number, signal?: AbortSignal): Promise<number>;
  /**
   * Pays from the client's hotkey; resolves when it is durable, with the block that will hold it. The same reference again
   * pays nothing and gives the first block. Fails with `insufficient_balance` or `invalid_payment`.
   */
  pay(reference: string, transfers: readonly Transfer[], signal?: AbortSignal): Promise<number>;
  /** Payments of sealed blocks `fromBlock..toBlock`, both included, in ledger order. */
  payments(fromBlock: number, toBlock: number, signal?: AbortSignal): Promise<readonly Payment[]>;
}

/** One for each miner of a run with all its uids over many rounds. */
export const MAX_TRANSFERS = 4096;

/** Fails with `invalid_payment`. Returns the whole amount. */
export function checkPayment(reference: string, transfers: readonly Transfer[]): number {
  const refuse = (why: string) => ledgerError('invalid_payment', `The payment is refused: ${why}.`);
  if (!/^[0-9a-f]{64}$/.test(reference)) throw refuse('its reference has not 64 lower-case hex digits');
  if (transfers.length === 0 || transfers.length > MAX_TRANSFERS) {
    throw refuse(`it has ${transfers.length} transfers, and 1 to ${MAX_TRANSFERS} are allowed`);
  }
  if (new Set(transfers.map(({ to }) => to)).size !== transfers.length)
    throw refuse('it names a payee twice');
  if (!transfers.every(({ amount }) => Number.isSafeInteger(amount) && amount > 0)) {
    throw refuse('amounts are whole numbers above 0');
  }
  const total = transfers.reduce((sum, { amount }) => sum + amount, 0);
  if (!Number.isSafeInteger(total)) throw refuse('it comes to more than any ledger holds');
  return total;
}

/** Fails with `insufficient_balance` where a hotkey has less than it wants to pay. */
export function checkBalance(hotkey: Hotkey, balance: number, amount: number): void {
  if (amount <= balance) return;
  const message = `${hotkey} has ${balance} and cannot pay ${amount}.`;
  throw ledgerError('insufficient_balance', message, { hotkey, balance, amount });
}

/** Whether a payment made before is the one asked for again. Fails with `invalid_payment` where it paid something else. */
export function checkRepeated(made: Payment, transfers: readonly Transfer[]): void {
  const text = (list: readonly Transfer[]) =>
    list
      .map(({ to, amount }) => `${to} ${amount}`)
      .sort()
      .join();
  if (text(made.transfers) === text(transfers)) return;
  const message = `${made.payer} paid ${made.reference} in block ${made.block} already, to others or in other amounts.`;
  throw ledgerError('invalid_payment', message, { reference: made.reference });
}
