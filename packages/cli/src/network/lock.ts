import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileError, systemCode } from '@connito/node';
import { z } from 'zod';
import { cliError } from '../errors.ts';
import { isAlive, type ProcessIdentity, processIdentity } from './process-identity.ts';

const lockSchema = z.object({ pid: z.int().positive(), startTicks: z.string().nullable() });

/** The process that holds a lock file, or null where none is held: absent, unreadable, or its process is dead. */
export async function lockHolder(path: string): Promise<ProcessIdentity | null> {
  const holder = parseLock(await readLock(path));
  return holder !== null && isAlive(holder) ? holder : null;
}

/**
 * Takes a lock file for this process; a dead process's lock is taken over. Fails with `network_running` where a live one
 * holds it.
 */
export async function takeLock(path: string): Promise<AsyncDisposable> {
  const own = `${JSON.stringify(processIdentity(process.pid))}\n`;
  const candidate = `${path}.${process.pid}`;
  try {
    await writeFile(candidate, own);
    // Twice: a stale lock is moved away and the name is tried again, unless somebody else was faster.
    for (const isLastTry of [false, true]) {
      try {
        // Unlike a rename, a link fails where the name is taken, and the file appears whole.
        await link(candidate, path);
        break;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
      }
      const holder = await lockHolder(path);
      if (holder !== null || isLastTry) throw held(path, holder);
      await removeStale(path);
    }
  } catch (error) {
    throw systemCode(error)?.startsWith('E') === true ? fileError(error, path) : error;
  } finally {
    await rm(candidate, { force: true });
  }
  return {
    [Symbol.asyncDispose]: async () => {
      if ((await readLock(path)) === own) await rm(path, { force: true });
    },
  };
}

/** Moves a lock away that looked stale, and puts it back if it was replaced by a live one in the meantime. */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  const holder = parseLock(await readLock(aside));
  if (holder !== null && isAlive(holder)) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function readLock(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

function parseLock(text: string): ProcessIdentity | null {
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function held(path: string, holder: ProcessIdentity | null) {
  const by = holder === null ? 'another process' : `process ${holder.pid}`;
  return cliError(
    'network_running',
    `This directory's network is being run by ${by} (${path}). Stop that one first, or start a second network with --dir.`,
    { path, pid: holder?.pid ?? null },
  );
}
