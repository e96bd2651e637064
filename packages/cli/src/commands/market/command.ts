import type { NoticeKind } from '@connito/market';
import { newCommand, newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { collect, defaultPackages, newSigningCommand, newVerifyingCommand } from '../package/command.ts';

export function marketCommand(context: CommandContext) {
  const packages = defaultPackages(context);

  const index = newVerifyingCommand('index', context)
    .description(
      'Write an index of every valid package in some channels. Notices that the file holds already are kept.',
    )
    .argument('<channels...>', 'dir:, tarballs:, npm:, s3: or hf: and a folder or URL')
    .requiredOption('--out <file>', 'index file to write')
    .action(async (channels, raw) => {
      const { indexOptions } = await import('./options.ts');
      const options = parseOptions(indexOptions, { ...raw, channels });
      const { writeIndex } = await import('./write-index.ts');
      await writeIndex(options, context);
    });

  const compare = newCommand('compare', context)
    .description('Compare packages: domain, base, gain, forgetting, size, licence, price, lineage, signers.')
    .argument('<specs...>', 'math@1, @team/math@^1.2; of each the version an installation would take')
    .requiredOption('--index <file>', 'index that has them')
    .option('--trust <hotkey>', 'compare packages of this publisher only; may be given again', collect, [])
    .action(async (specs, raw) => {
      const { compareOptions } = await import('./options.ts');
      const options = parseOptions(compareOptions, { ...raw, specs });
      const { compare: run } = await import('./compare.ts');
      await run(options, context);
    });

  const notice = (kind: NoticeKind, description: string) =>
    newSigningCommand(kind, context)
      .description(description)
      .argument('<spec>', 'math@1.0.0')
      .requiredOption('--index <file>', 'index the notice goes into')
      .requiredOption('--reason <text>', 'a sentence for those who use it')
      .option('--replacement <version>', 'version to use instead')
      .action(async (spec, raw) => {
        const { noticeOptions } = await import('./options.ts');
        const options = parseOptions(noticeOptions, { ...raw, spec });
        const { giveNotice } = await import('./give-notice.ts');
        await giveNotice(kind, options, context);
      });

  const statement = newSigningCommand('statement', context)
    .description('State what a server owes for its receipts since its last statement, to the last unit.')
    .requiredOption('--receipts <file>', "the server's receipt log")
    .requiredOption('--out <file>', 'statement to write')
    .option('--packages <dir>', 'installed packages, whose prices and lineages count', packages)
    .option('--previous <file>', 'the statement before this one')
    .action(async (raw) => {
      const { statementOptions } = await import('./options.ts');
      const options = parseOptions(statementOptions, raw);
      const { writeStatement } = await import('./write-statement.ts');
      await writeStatement(options, context);
    });

  const check = newCommand('check', context)
    .description('Compute a statement anew from the receipts; with a ledger, look for its payment too.')
    .argument('<statement>', 'statement file')
    .requiredOption('--receipts <file>', "the server's receipt log")
    .option('--packages <dir>', 'installed packages, whose prices and lineages count', packages)
    .option('--previous <file>', 'the statement before this one')
    .option('--dir <dir>', "a network's directory, whose ledger holds the payment")
    .option('--ledger <url>', 'URL of the ledger that holds the payment')
    .action(async (statement, raw) => {
      const { checkOptions } = await import('./options.ts');
      const options = parseOptions(checkOptions, { ...raw, statement });
      const { checkStatement } = await import('./check-statement.ts');
      await checkStatement(options, context);
    });

  const settle = newSigningCommand('settle', context)
    .description('Pay a statement on the ledger: every payee at once, and never twice.')
    .argument('<statement>', 'statement file')
    .option('--dir <dir>', "a network's directory, running or stopped")
    .option('--ledger <url>', 'URL of the ledger')
    .action(async (statement, raw) => {
      const { settleOptions } = await import('./options.ts');
      const options = parseOptions(settleOptions, { ...raw, statement });
      const { settle: run } = await import('./settle.ts');
      await run(options, context);
    });

  return newCommandGroup('market', context)
    .description('The market: index, notices, statements, settlement.')
    .addCommand(index)
    .addCommand(compare)
    .addCommand(notice('deprecate', 'Say of a version you published that there is something better.'))
    .addCommand(notice('rollback', 'Have ranges mean an older version again. Undone by restore.'))
    .addCommand(notice('restore', 'Take back a deprecation or rollback.'))
    .addCommand(notice('revoke', 'Forbid a version you published, for good.'))
    .addCommand(statement)
    .addCommand(check)
    .addCommand(settle);
}
