import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '@connito/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DurableFile, writeDurably } from './durable-file.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'connito-file-'));
});
afterEach(() => rm(directory, { recursive: true }));

it('replaces a file as a whole and leaves nothing beside it', async () => {
  const path = join(directory, 'state');
  await writeDurably(path, utf8('first'));
  await writeDurably(path, utf8('second'));
  expect(await readFile(path, 'utf8')).toBe('second');
  expect(await readdir(directory)).toEqual(['state']);
});

it('keeps the old file when writing stops half way', async () => {
  const path = join(directory, 'state');
  await writeFile(path, 'old');
  {
    await using file = await DurableFile.create(path);
    await file.write(utf8('half of the n'));
  }
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(directory)).toEqual(['state']);
});

it('does not replace a file it was told to keep', async () => {
  const path = join(directory, 'state');
  await writeFile(path, 'old');
  await expect(writeDurably(path, utf8('new'), { replace: false })).rejects.toMatchObject({
    code: 'file_exists',
  });
  expect(await readFile(path, 'utf8')).toBe('old');
});

it('reports a full disk with the path, advising to retry', async () => {
  const path = join(directory, 'state');
  const openFile: typeof open = () => open('/dev/full', 'w');
  await expect(writeDurably(path, utf8('bytes'), { openFile })).rejects.toMatchObject({
    code: 'disk_full',
    advice: 'retry',
    details: { path },
  });
  expect(await readdir(directory)).toEqual([]);
});

it('reports a missing directory', async () => {
  await expect(writeDurably(join(directory, 'no/state'), utf8('x'))).rejects.toMatchObject({
    code: 'file_unusable',
    details: { systemCode: 'ENOENT' },
  });
});
