import { encodeStatement, readReceipts, signStatement, statementHashOf, statementOf } from '@connito/market';
import { loadHotkey, writeDurably } from '@connito/node';
import type { CommandContext } from '../../command/context.ts';
import { formatTable } from '../../command/table.ts';
import type { StatementOptions } from './options.ts';
import { installedTerms, readStatement } from './statement-files.ts';

export async function writeStatement(options: StatementOptions, { stdout }: CommandContext): Promise<void> {
  const { walletsPath, wallet, hotkey, out, json } = options;
  const keypair = await loadHotkey({ walletsPath, wallet, hotkey });
  const receipts = await readReceipts(options.receipts, keypair.hotkey);
  const terms = await installedTerms(options.packages);
  const previous = options.previous === undefined ? null : (await readStatement(options.previous)).statement;
  const statement = statementOf(receipts, terms, previous, keypair.hotkey);
  await writeDurably(out, encodeStatement(await signStatement(statement, keypair.sign)), { replace: false });
  if (json === true) {
    const object = { type: 'statement', out, hash: statementHashOf(statement), ...statement };
    stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  const { first, end } = statement.receipts;
  const packages = formatTable(
    [
      { title: 'package', value: (row: (typeof statement.packages)[number]) => `${row.name}@${row.version}` },
      { title: 'tokens', value: (row) => String(row.tokens), align: 'right' },
      { title: 'price/M', value: (row) => String(row.pricePerMillionTokens), align: 'right' },
      { title: 'amount', value: (row) => String(row.amount), align: 'right' },
    ],
    statement.packages,
  );
  const payees = statement.payees.map((payee) => `  ${payee.hotkey}  ${payee.amount}`);
  const carried = `${(statement.carriedMillionths / 1e6).toFixed(6)} of a unit is carried to the next statement`;
  const due =
    payees.length === 0
      ? [`There is nothing to pay: ${carried}. It is in ${out}.`]
      : ['To pay:', ...payees, `It is in ${out}. Pay it with "connito market settle ${out}"; ${carried}.`];
  const lines = [
    `Statement ${statement.number}: receipts ${first} to ${end - 1}, ${statement.tokens} tokens, ${statement.total} owed.`,
    ...packages,
    ...due,
  ];
  stdout.write(`${lines.join('\n')}\n`);
}
