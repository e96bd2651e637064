import { LedgerSettlement } from '@connito/market';
import { loadHotkey } from '@connito/node';
import type { CommandContext } from '../../command/context.ts';
import { cliError } from '../../errors.ts';
import type { SettleOptions } from './options.ts';
import { openPayments } from './payment-ledger.ts';
import { readStatement } from './statement-files.ts';

export async function settle(options: SettleOptions, { stdout }: CommandContext): Promise<void> {
  const { walletsPath, wallet, hotkey, json } = options;
  const keypair = await loadHotkey({ walletsPath, wallet, hotkey });
  const signed = await readStatement(options.statement);
  const { server, payees } = signed.statement;
  if (server !== keypair.hotkey) {
    throw cliError(
      'invalid_option',
      `--hotkey: the statement is owed by ${server}, this key is ${keypair.hotkey}`,
    );
  }
  using opened = await openPayments(options, keypair);
  const proof = await new LedgerSettlement(opened.ledger).settle(signed);
  if (json === true) {
    stdout.write(`${JSON.stringify({ type: 'settled', payees: payees.length, ...proof })}\n`);
    return;
  }
  stdout.write(
    `${proof.total} paid to ${payees.length} payees in block ${proof.block}, reference ${proof.reference}.\n`,
  );
}
