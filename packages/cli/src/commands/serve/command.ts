import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { defaultWalletsPath } from '../../command/role-flags.ts';
import { serveOptions } from './options.ts';

export function serveCommand(context: CommandContext) {
  return newCommand('serve', context)
    .description("Serve models to OpenAI's clients, with a playground in the browser.")
    .option('--port <port>', 'port to listen on; 0 takes a free one', '8000')
    .option('--host <host>', 'address to listen on; any but this machine needs --api-keys', '127.0.0.1')
    .option(
      '--model <dir...>',
      'folders of models or compositions, each served under its name or as <id>=<dir>; default: the shipped foundation',
    )
    .option(
      '--api-keys <file>',
      'who may use the server: a line "<key> <name>" for each, "admin" after who may swap models',
    )
    .option('--requests-per-second <n>', 'limit for each key; needs --api-keys')
    .option('--max-running <n>', 'answers that a model writes at once; more wait', '64')
    .option('--max-waiting <n>', 'answers that may wait; more are refused', '256')
    .option('--threads <n>', 'threads of each model', '1')
    .option('--engine <name>', 'connito, or llama.cpp for folders that hold a .gguf file', 'connito')
    .option('--llama-cpp <dir>', 'folder that node-llama-cpp is installed in; default: tools/llama-cpp')
    .option('--receipts <file>', 'sign a receipt for each answer and append it to this file')
    .option('--wallets-path <dir>', "directory of wallets in Bittensor's layout", defaultWalletsPath(context))
    .option('--wallet <name>', 'wallet that signs receipts', 'default')
    .option('--hotkey <name>', 'hotkey of the wallet', 'default')
    .action(async (raw) => {
      const options = parseOptions(serveOptions, raw);
      const { serveModels } = await import('./handler.ts');
      await serveModels(options, context);
    });
}
