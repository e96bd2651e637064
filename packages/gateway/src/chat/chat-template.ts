import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@connito/node';
import { Template } from '@huggingface/jinja';
import { badRequest, gatewayError } from '../errors.ts';

export type ChatMessage = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

/** How a conversation becomes a prompt, and which strings end the answer. */
export type ChatTemplate = {
  readonly name: 'plain' | 'model';
  render(messages: readonly ChatMessage[]): string;
  readonly stops: readonly string[];
};

const SPEAKER = { system: 'System', user: 'User', assistant: 'Assistant' } as const;

/** For models that were trained on plain text: `User: …`, `Assistant: …`, an empty line after each. */
export const plainTemplate: ChatTemplate = {
  name: 'plain',
  render: (messages) =>
    `${messages.map(({ role, content }) => `${SPEAKER[role]}: ${content}\n\n`).join('')}Assistant:`,
  stops: ['\nUser:', '\nSystem:'],
};

/** The model's own template, from `tokenizer_config.json` or `chat_template.jinja`; the plain one where it has none. */
export async function loadChatTemplate(folder: string): Promise<ChatTemplate> {
  const config = parseObject(await readOptional(join(folder, 'tokenizer_config.json')), folder);
  const file = await readOptional(join(folder, 'chat_template.jinja'));
  const source = file ?? (typeof config.chat_template === 'string' ? config.chat_template : null);
  if (source === null) return plainTemplate;
  let template: Template;
  try {
    template = new Template(source);
  } catch (cause) {
    throw gatewayError('model_unusable', `The chat template in ${folder} does not parse.`, { cause });
  }
  const special = Object.fromEntries(
    ['bos_token', 'eos_token', 'pad_token', 'unk_token'].map((name) => [name, tokenText(config[name])]),
  );
  return {
    name: 'model',
    stops: [],
    render: (messages) => {
      try {
        return template.render({ ...special, messages: [...messages], add_generation_prompt: true });
      } catch (error) {
        // Templates refuse what they do not know, such as two user messages in a row, by an exception.
        throw badRequest(
          `The model's chat template refused the messages: ${(error as Error).message}`,
          'messages',
        );
      }
    },
  };
}

/** Special tokens are strings, or objects that hold one. */
function tokenText(value: unknown): string {
  if (typeof value === 'string') return value;
  const content = (value as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : '';
}

function parseObject(text: string | null, folder: string): Record<string, unknown> {
  if (text === null) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw gatewayError('model_unusable', `tokenizer_config.json in ${folder} is not JSON.`, { cause });
  }
}

async function readOptional(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}
