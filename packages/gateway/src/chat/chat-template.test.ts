import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadChatTemplate } from './chat-template.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connito-chat-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const messages = [
  { role: 'system', content: 'Be short.' },
  { role: 'user', content: 'Hello' },
] as const;
const config = (value: object) => writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(value));

test('a model without a template is asked in plain text', async () => {
  const { name, render } = await loadChatTemplate(folder);
  expect(name).toBe('plain');
  expect(render(messages)).toBe('System: Be short.\n\nUser: Hello\n\nAssistant:');
});

test("the model's own template is rendered with its special tokens", async () => {
  const source =
    "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";
  await config({ chat_template: source, bos_token: { content: '<s>' }, eos_token: '</s>' });
  const { name, render } = await loadChatTemplate(folder);
  expect(name).toBe('model');
  expect(render(messages)).toBe('<s><|system|>Be short.</s><|user|>Hello</s><|assistant|>');
});

test('a template in a file of its own goes first', async () => {
  await config({ chat_template: 'config' });
  await writeFile(join(folder, 'chat_template.jinja'), '{{ messages | length }} messages');
  expect((await loadChatTemplate(folder)).render(messages)).toBe('2 messages');
});

test('what the template refuses is the request’s fault; a template that does not parse is the model’s', async () => {
  await config({ chat_template: "{{ raise_exception('no system messages') }}" });
  const { render } = await loadChatTemplate(folder);
  expect(() => render(messages)).toThrow(expect.objectContaining({ status: 400, param: 'messages' }));
  await config({ chat_template: '{% for' });
  await expect(loadChatTemplate(folder)).rejects.toMatchObject({ code: 'model_unusable' });
});
