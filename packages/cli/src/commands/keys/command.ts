import { newCommand, newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { defaultWalletsPath } from '../../command/role-flags.ts';
import { listKeysOptions, newKeyOptions } from './options.ts';

export function keysCommand(context: CommandContext) {
  const walletsPath = defaultWalletsPath(context);
  const create = newCommand('new', context)
    .description("Make an sr25519 hotkey in Bittensor's wallet file format. Never overwrites one.")
    .option('--wallets-path <dir>', 'directory of the wallets', walletsPath)
    .option('--wallet <name>', 'wallet', 'default')
    .option('--hotkey <name>', 'hotkey of the wallet', 'default')
    .action(async (raw) => {
      const options = parseOptions(newKeyOptions, raw);
      const { newKey } = await import('./handler.ts');
      await newKey(options, context);
    });
  const list = newCommand('list', context)
    .description('List the hotkeys of all wallets, and whether each can be used.')
    .option('--wallets-path <dir>', 'directory of the wallets', walletsPath)
    .action(async (raw) => {
      const options = parseOptions(listKeysOptions, raw);
      const { listKeys } = await import('./handler.ts');
      await listKeys(options, context);
    });
  return newCommandGroup('keys', context)
    .description('Hotkeys, which nodes sign with. Coldkeys are never touched.')
    .addCommand(create)
    .addCommand(list);
}
