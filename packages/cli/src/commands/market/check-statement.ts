import { LedgerSettlement, readReceipts, requireStatement, statementHashOf } from '@connito/market';
import { keypairFromMiniSecret } from '@connito/node';
import type { CommandContext } from '../../command/context.ts';
import type { CheckOptions } from './options.ts';
import { openPayments } from './payment-ledger.ts';
import { installedTerms, readStatement } from './statement-files.ts';

export async function checkStatement(options: CheckOptions, { stdout }: CommandContext): Promise<void> {
  const { statement } = await readStatement(options.statement);
  const previous = options.previous === undefined ? null : (await readStatement(options.previous)).statement;
  const receipts = await readReceipts(options.receipts, statement.server);
  requireStatement(statement, receipts, await installedTerms(options.packages), previous);
  const hash = statementHashOf(statement);
  const asked = options.dir !== undefined || options.ledger !== undefined;
  const payment = asked ? await findPayment(options, statement) : null;
  if (options.json === true) {
    const object = { type: 'checked', hash, number: statement.number, total: statement.total, payment };
    stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  const paid = !asked
    ? ''
    : payment !== null
      ? ` It was paid in block ${payment.block}.`
      : statement.payees.length === 0
        ? ' There is nothing to pay.'
        : ' It is not paid yet.';
  stdout.write(`Statement ${statement.number} follows from the receipts: ${statement.total} owed.${paid}\n`);
}

async function findPayment(options: CheckOptions, statement: Parameters<typeof requireStatement>[0]) {
  // Reading is the same for everybody; this key is nobody's.
  using opened = await openPayments(options, keypairFromMiniSecret(new Uint8Array(32)));
  const { number } = await opened.ledger.head();
  return new LedgerSettlement(opened.ledger).find(statement, { from: 0, to: number });
}
