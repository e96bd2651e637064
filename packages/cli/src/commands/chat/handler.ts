import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { noReceipts, startGateway } from '@connito/gateway';
import { fileError, silentLog, systemClock } from '@connito/node';
import type { CommandContext } from '../../command/context.ts';
import { requireModelFiles, SHIPPED_MODEL } from '../../network/base-model.ts';
import { ChatClient, type ChatTurn } from './chat-client.ts';
import type { ChatOptions } from './options.ts';

const HELP = 'An empty line or /quit ends; /clear begins a new conversation.\n';

/** Reads lines from `input` and writes the model's answers, until the input ends. */
export async function chat(options: ChatOptions, context: CommandContext, input: Readable): Promise<void> {
  await using server = options.url === undefined ? await serveHere(options) : null;
  const url = options.url ?? server!.url;
  const client = await ChatClient.connect(url, {
    apiKey: options.apiKeyFile === undefined ? null : await readKey(options.apiKeyFile),
    model: options.id ?? null,
  });
  const { stdout, stderr } = context;
  const isTTY = stdout.isTTY === true;
  if (options.json !== true) {
    stderr.write(`${client.description}. ${HELP}`);
    if (client.isPlain && options.complete !== true)
      stderr.write('This model was not trained to chat: it continues the conversation as text.\n');
  }
  const lines = createInterface({ input, terminal: false });
  const opening: readonly ChatTurn[] =
    options.system === undefined ? [] : [{ role: 'system', content: options.system }];
  let turns = [...opening];
  const prompt = (): void => {
    if (isTTY) stdout.write('> ');
  };
  const ask = async (line: string): Promise<void> => {
    turns.push({ role: 'user', content: line });
    const asked = options.complete === true ? { prompt: line } : { messages: turns };
    let text = '';
    const end = await client.ask(asked, options, (piece) => {
      text += piece;
      if (options.json !== true) stdout.write(piece);
    });
    turns.push({ role: 'assistant', content: text });
    if (options.json === true) stdout.write(`${JSON.stringify({ type: 'answer', text, ...end })}\n`);
    else stdout.write(`\n${options.experts === true ? `${busiest(end.experts)}\n` : ''}\n`);
  };
  prompt();
  for await (const line of lines) {
    const text = line.trim();
    if (text === '/quit' || (text === '' && isTTY)) break;
    if (text === '/clear') turns = [...opening];
    else if (text !== '') await ask(text);
    prompt();
  }
}

function serveHere({ model = SHIPPED_MODEL, threads }: ChatOptions) {
  return requireModelFiles(model).then(() =>
    startGateway(
      {
        models: new Map([['here', { folder: model, overlays: [] }]]),
        host: '127.0.0.1',
        port: 0,
        keys: null,
        rateLimit: null,
        maxRunning: 1,
        maxChoices: 1,
        threads,
      },
      { clock: systemClock, log: silentLog, receipts: noReceipts },
    ),
  );
}

async function readKey(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, path);
  });
  return text.trim();
}

/** The three experts of each layer that served most tokens. */
function busiest(layers: readonly (readonly number[])[] | null): string {
  if (layers === null) return '(the server does not see the routing)';
  return layers
    .map((tokens, layer) => {
      const order = [...tokens.keys()].sort((a, b) => tokens[b]! - tokens[a]!).slice(0, 3);
      return `layer ${layer}: ${order.map((expert) => `${expert} (${tokens[expert]})`).join(', ')}`;
    })
    .join('; ');
}
