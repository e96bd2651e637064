import { mkdtemp, readdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex, utf8 } from '@connito/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeArtifactStore } from './artifact-store-contract.ts';
import { cachingStore } from './caching-store.ts';
import { DirectoryStore } from './directory-store.ts';

async function temporaryStore() {
  const directory = await mkdtemp(join(tmpdir(), 'connito-store-'));
  const store = await DirectoryStore.open(join(directory, 'artifacts'));
  return { store, enumerable: true, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

describeArtifactStore('a directory', temporaryStore);

describeArtifactStore('a cache', async () => {
  const local = await temporaryStore();
  const remote = await temporaryStore();
  return {
    store: cachingStore(local.store, remote.store),
    enumerable: true,
    [Symbol.asyncDispose]: async () => {
      await local[Symbol.asyncDispose]();
      await remote[Symbol.asyncDispose]();
    },
  };
});

let directory: string;
let store: DirectoryStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'connito-store-'));
  store = await DirectoryStore.open(directory);
});
afterEach(() => rm(directory, { recursive: true }));

const bytes = utf8('some artifact');
const hash = sha256Hex(bytes);

it('detects damage on reading and repairs it when the artifact is put again', async () => {
  await store.put(bytes);
  await writeFile(join(directory, hash), 'some artifaxt');
  await expect(store.get(hash, { maxBytes: 100 })).rejects.toMatchObject({ code: 'artifact_corrupt' });
  await store.put(bytes);
  expect(await store.holds(hash)).toBe(true);
  await truncate(join(directory, hash), 3);
  await expect(store.get(hash, { maxBytes: 100 })).rejects.toMatchObject({ code: 'artifact_corrupt' });
});

it('does not follow symbolic links', async () => {
  await writeFile(join(directory, 'secret'), bytes);
  await symlink(join(directory, 'secret'), join(directory, hash));
  expect(await store.size(hash)).toBeNull();
  await expect(store.get(hash, { maxBytes: 100 })).rejects.toMatchObject({ code: 'artifact_missing' });
});

it('leaves nothing of a stream that brings other bytes, too many, or breaks off', async () => {
  const stream = async function* (...chunks: string[]) {
    for (const chunk of chunks) {
      if (chunk === 'break') throw new Error('connection lost');
      yield utf8(chunk);
    }
  };
  const put = (chunks: AsyncIterable<Uint8Array>) => store.putStream(hash, chunks, { maxBytes: 20 });
  await expect(put(stream('other ', 'bytes'))).rejects.toMatchObject({ code: 'artifact_corrupt' });
  await expect(put(stream('x'.repeat(15), 'y'.repeat(15)))).rejects.toMatchObject({
    code: 'artifact_too_large',
  });
  await expect(put(stream('some ', 'break'))).rejects.toThrow('connection lost');
  expect(await readdir(directory)).toEqual([]);
  expect(await put(stream('some ', 'artifact'))).toBe(bytes.length);
  expect(await readdir(directory)).toEqual([hash]);
});

it('has nothing left of what it pruned', async () => {
  await store.put(bytes);
  expect(await store.prune(new Set())).toBe(bytes.length);
  expect(await store.size(hash)).toBeNull();
  expect(await readdir(directory)).toEqual([]);
});

it('clears what crashed writers left, but not what others are writing', async () => {
  await writeFile(join(directory, `${hash}.aa.part`), 'left');
  await writeFile(join(directory, `${hash}.bb.part`), 'being written');
  const longAgo = new Date(Date.now() - 48 * 3600_000);
  await utimes(join(directory, `${hash}.aa.part`), longAgo, longAgo);
  await DirectoryStore.open(directory);
  expect(await readdir(directory)).toEqual([`${hash}.bb.part`]);
});

it('a cache replaces a damaged local copy', async () => {
  await using remote = await temporaryStore();
  await remote.store.put(bytes);
  const cache = cachingStore(store, remote.store);
  await cache.get(hash, { maxBytes: 100 });
  await writeFile(join(directory, hash), 'some artifaxt');
  expect(Buffer.from(await cache.get(hash, { maxBytes: 100 })).toString()).toBe('some artifact');
  expect(await store.holds(hash)).toBe(true);
});
