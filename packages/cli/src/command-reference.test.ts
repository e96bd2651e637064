import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { commandReference } from './command-reference.ts';
import { capturedContext } from './testing/captured-context.ts';

const PAGE = new URL('../../../docs/run/commands.md', import.meta.url);

it('the page of commands says what their help says; `npm run docs:commands` writes it anew', async () => {
  expect(await readFile(PAGE, 'utf8')).toBe(commandReference(capturedContext()));
});
