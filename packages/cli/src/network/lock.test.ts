import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockHolder, takeLock } from './lock.ts';
import { isAlive, processIdentity } from './process-identity.ts';

describe('the lock of a network', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'connito-lock-'));
    path = join(directory, 'lock');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is held by one process at a time and names it', async () => {
    {
      await using _lock = await takeLock(path);
      expect((await lockHolder(path))?.pid).toBe(process.pid);
      await expect(takeLock(path)).rejects.toMatchObject({
        code: 'network_running',
        message: expect.stringContaining(`process ${process.pid}`),
      });
    }
    expect(await lockHolder(path)).toBeNull();
    expect(await readdir(directory)).toEqual([]);
  });

  it('is taken over from a dead process', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    await writeFile(path, JSON.stringify({ pid: dead, startTicks: null }));
    await using _lock = await takeLock(path);
    expect((await lockHolder(path))?.pid).toBe(process.pid);
    expect(await readdir(directory)).toEqual(['lock']);
  });

  it('is taken over where another process has the dead one’s number', async () => {
    await writeFile(path, JSON.stringify({ pid: process.pid, startTicks: '1' }));
    const { startTicks } = processIdentity(process.pid);
    if (startTicks === null) return; // The system tells no start times.
    await using _lock = await takeLock(path);
    expect(await lockHolder(path)).toEqual({ pid: process.pid, startTicks });
  });

  it('is taken over where a crash left it empty or cut short', async () => {
    await writeFile(path, '{"pid":');
    await using _lock = await takeLock(path);
    expect((await lockHolder(path))?.pid).toBe(process.pid);
  });
});

describe('a process', () => {
  it('is alive as long as it runs', () => {
    expect(isAlive(processIdentity(process.pid))).toBe(true);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(isAlive({ pid, startTicks: null })).toBe(false);
  });
});
