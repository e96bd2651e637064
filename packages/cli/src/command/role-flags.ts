import { newCommand } from './command.ts';
import type { CommandContext } from './context.ts';
import { metricsHostFlag, metricsPortFlag } from './metrics-flags.ts';

/** The `start` command of a role, with the options all roles share. */
export function newRoleCommand(context: CommandContext) {
  return newCommand('start', context)
    .requiredOption('--run <file>', 'the run definition')
    .requiredOption('--model <dir>', "folder of the run's base model")
    .requiredOption('--ledger <url>', 'URL of the ledger')
    .requiredOption('--store <url>', 'URL of the artifact store')
    .requiredOption('--dir <dir>', "the node's own directory: what it must remember over a restart")
    .option('--wallets-path <dir>', "directory of wallets in Bittensor's layout", defaultWalletsPath(context))
    .option('--wallet <name>', 'wallet', 'default')
    .option('--hotkey <name>', 'hotkey of the wallet', 'default')
    .option('--name <name>', 'name in the log', 'node')
    .option('--threads <n>', 'threads for computing', '1')
    .addOption(metricsPortFlag())
    .addOption(metricsHostFlag());
}

/** Where Bittensor's own tools keep wallets. */
export function defaultWalletsPath({ env }: CommandContext): string {
  return `${env.HOME ?? '.'}/.bittensor/wallets`;
}
