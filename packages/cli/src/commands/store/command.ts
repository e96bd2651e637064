import { newCommand, newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { metricsHostFlag, metricsPortFlag } from '../../command/metrics-flags.ts';
import { parseOptions } from '../../command/options.ts';
import { serveStoreOptions } from './options.ts';

export function storeCommand(context: CommandContext) {
  const serve = newCommand('serve', context)
    .description('Serve a directory of content-addressed artifacts over HTTP.')
    .requiredOption('--dir <dir>', 'directory of the artifacts, each named by its sha256')
    .option('--port <port>', 'port to listen on; 0 takes a free one', '0')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--ledger <url>', 'take uploads only from hotkeys registered on this ledger; else from any')
    .option('--max-artifact-mb <mb>', 'largest artifact taken in', '1024')
    .addOption(metricsPortFlag())
    .addOption(metricsHostFlag())
    .action(async (raw) => {
      const options = parseOptions(serveStoreOptions, raw);
      const { serveStore } = await import('./handler.ts');
      await serveStore(options, context);
    });
  return newCommandGroup('store', context)
    .description('The artifact store, as a process of its own.')
    .addCommand(serve);
}
