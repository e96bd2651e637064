import { newCommand, newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { metricsHostFlag, metricsPortFlag } from '../../command/metrics-flags.ts';
import { parseOptions } from '../../command/options.ts';
import { serveLedgerOptions } from './options.ts';

export function ledgerCommand(context: CommandContext) {
  const serve = newCommand('serve', context)
    .description(
      'Serve an embedded ledger over HTTP: one SQLite file, blocks sealed when all nodes are ready.',
    )
    .requiredOption('--dir <dir>', 'directory of the ledger file')
    .requiredOption('--genesis <file>', 'JSON file with the network name, stakes and epoch length')
    .option('--port <port>', 'port to listen on; 0 takes a free one', '0')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--min-block-ms <ms>', 'a block stays open at least so long', '20')
    .option('--max-block-ms <ms>', 'and at most so long, whoever is not ready', '120000')
    .option('--expected-neurons <n>', 'the first block waits until so many have registered', '1')
    .addOption(metricsPortFlag())
    .addOption(metricsHostFlag())
    .action(async (raw) => {
      const options = parseOptions(serveLedgerOptions, raw);
      const { serveLedger } = await import('./handler.ts');
      await serveLedger(options, context);
    });
  return newCommandGroup('ledger', context)
    .description('The embedded ledger, as a process of its own.')
    .addCommand(serve);
}
