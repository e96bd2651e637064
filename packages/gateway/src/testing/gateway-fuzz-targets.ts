import { ConnitoError, utf8 } from '@connito/protocol';
import type { z } from 'zod';
import { ApiKeys } from '../access/api-keys.ts';
import { ApiError } from '../errors.ts';
import { chatMessages, chatRequestSchema, chatTopCount } from '../openai/chat-request.ts';
import { completionRequestSchema, promptsOf } from '../openai/completion-request.ts';
import { parseFields } from '../openai/request-fields.ts';

const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
const decoder = new TextDecoder();
const ECHOED_CHARACTERS = 600;

/** Any JSON is read, or answered with a 4xx that does not send the body back. */
function bodyTarget<T>(
  name: string,
  schema: z.ZodType<T>,
  valid: readonly Uint8Array[],
  use: (body: T) => void,
) {
  return {
    ...{ name, valid, maxRandomBytes: 256 },
    run(bytes: Uint8Array): void {
      let body: unknown;
      try {
        body = JSON.parse(decoder.decode(bytes));
      } catch {
        return;
      }
      try {
        use(parseFields(schema, body));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status < 400 || error.status > 499) throw new Error(`answered ${error.status}`);
        if (error.message.length > ECHOED_CHARACTERS) throw new Error('the answer echoes the request');
      }
    },
  };
}

/** Parsers of what clients send and what an operator writes. */
export const gatewayFuzzTargets = [
  bodyTarget(
    'chat request',
    chatRequestSchema,
    [
      json({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true, temperature: 0.5, n: 2 }),
      json({
        ...{
          model: 'm',
          stop: ['a', 'b'],
          logprobs: true,
          top_logprobs: 3,
          seed: 7,
          max_completion_tokens: 9,
        },
        messages: [
          { role: 'system', content: [{ type: 'text', text: 'Be short.' }] },
          { role: 'assistant', content: 'Yes' },
        ],
        connito: {
          experts: { allow: { 3: [0, 1] }, deny: { 2: [5] }, deny_packages: ['math'] },
          trace: true,
        },
      }),
    ],
    (body) => {
      chatMessages(body);
      chatTopCount(body);
    },
  ),
  bodyTarget(
    'completion request',
    completionRequestSchema,
    [
      json({ model: 'm', prompt: 'Once', max_tokens: 8, echo: true, logprobs: 2 }),
      json({
        model: 'm',
        prompt: [[1, 2, 3], [4]],
        top_p: 0.9,
        stop: '\n',
        stream_options: { include_usage: true },
      }),
    ],
    (body) => void promptsOf(body),
  ),
  {
    name: 'API keys',
    valid: [utf8('# who may\nkey-of-sixteen-letters alice\nanother-key-of-letters bob admin # swaps\n')],
    maxRandomBytes: 256,
    run(bytes: Uint8Array): void {
      try {
        ApiKeys.parse(decoder.decode(bytes), 'keys.txt').find('key-of-sixteen-letters');
      } catch (error) {
        if (!(error instanceof ConnitoError) || error.code !== 'api_keys_unusable') throw error;
        if (error.message.includes('letters')) throw new Error('the error shows a key');
      }
    },
  },
];
