import { newCommand } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { chatOptions } from './options.ts';

export function chatCommand(context: CommandContext) {
  return newCommand('chat', context)
    .description('Talk to a model in the terminal: one here, or one that a server has.')
    .option('--model <dir>', 'folder of the model to load here; default: the shipped foundation')
    .option('--url <url>', 'talk to a server instead, such as http://127.0.0.1:8000')
    .option('--id <id>', "id of the server's model; default: its first")
    .option('--api-key-file <file>', "file that holds the server's API key")
    .option('--system <text>', 'what the model is told before the conversation')
    .option('--complete', 'continue each line as plain text instead of chatting')
    .option('--max-tokens <n>', 'longest answer', '160')
    .option('--temperature <t>', '0 takes the most likely token', '0.7')
    .option('--seed <n>', 'the same answers for the same questions')
    .option('--experts', 'name the experts that served each answer most')
    .option('--threads <n>', 'threads of a model loaded here', '1')
    .action(async (raw) => {
      const options = parseOptions(chatOptions, raw);
      const { chat } = await import('./handler.ts');
      await chat(options, context, process.stdin);
    });
}
