import { marketFlag, servingFlag, servingKeyFlag, statementsFlag } from '../../command/beside-flags.ts';
import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { dashboardOptions } from './options.ts';

const HELP = `
Of a local network (--dir), or of any ledger and store (--ledger, --store, --run). "connito up" serves its own.
It only reads. On another address than 127.0.0.1, everybody who reaches the port can read it.`;

export function dashboardCommand(context: CommandContext) {
  return newCommand('dashboard', context)
    .description('Serve a web page and an API that show a run, from its ledger and store.')
    .option('--dir <dir>', "a local network's directory (default: .connito, unless --ledger is given)")
    .option('--ledger <url>', 'URL of a ledger')
    .option('--store <url>', 'URL of an artifact store')
    .option('--run <file>', 'the run definition, with --ledger')
    .option('--model <dir>', "folder of the run's base model (default: the network's, or the shipped one)")
    .option('--archive <file>', 'SQLite file that remembers rounds that were read (default: dashboard.db)')
    .addOption(marketFlag())
    .addOption(statementsFlag())
    .addOption(servingFlag())
    .addOption(servingKeyFlag())
    .option('--port <port>', 'port to listen on; 0 takes a free one', '8472')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--threads <n>', 'threads for measuring', '1')
    .option('--no-measure', 'do not measure losses and routing, which needs the model and some computing')
    .addHelpText('after', HELP)
    .action(async (raw) => {
      const options = parseOptions(dashboardOptions, raw);
      const { showDashboard } = await import('./handler.ts');
      await showDashboard(options, context);
    });
}
