import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { parseOptions } from '../../command/options.ts';
import { capturedContext } from '../../testing/captured-context.ts';
import { serveOptions } from '../serve/options.ts';
import { chat } from './handler.ts';
import { chatOptions } from './options.ts';

const options = (changes: object = {}) =>
  parseOptions(chatOptions, { maxTokens: '6', temperature: '0', threads: '1', ...changes });

test('chat answers each line, the same for the same conversation, and names the experts', async () => {
  const context = capturedContext();
  const lines = ['How are you?\n', '/clear\n', 'How are you?\n', '/quit\n', 'not read\n'];
  await chat(options({ json: true, experts: true }), context, Readable.from(lines));
  const answers = context
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { text: string; experts: number[][] });
  expect(answers).toHaveLength(2);
  expect(answers[0]!.text).not.toBe('');
  expect(answers[1]!).toEqual(answers[0]!);
  expect(answers[0]!.experts).toHaveLength(4);
});

test('a server that does not answer is named', async () => {
  const url = 'http://127.0.0.1:9';
  await expect(chat(options({ url }), capturedContext(), Readable.from([]))).rejects.toMatchObject({
    code: 'server_refused',
    message: expect.stringContaining(url),
  });
});

test('models are served under the names of their folders, or the ids given', () => {
  const parse = (model: readonly string[]) =>
    parseOptions(serveOptions, {
      port: '0',
      host: '127.0.0.1',
      maxRunning: '1',
      maxWaiting: '0',
      threads: '1',
      walletsPath: '/w',
      wallet: 'default',
      hotkey: 'default',
      model,
    }).model;
  expect(parse(['/models/foundation', 'lawyer=/models/law'])).toEqual([
    { id: 'foundation', folder: '/models/foundation' },
    { id: 'lawyer', folder: '/models/law' },
  ]);
  expect(() => parse(['/a/x', '/b/x'])).toThrow('one id');
});
