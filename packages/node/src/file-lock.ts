import { DatabaseSync } from 'node:sqlite';
import { fileError } from './file-error.ts';

const SQLITE_BUSY = 5;

/**
 * Locks a file's path for this process by an empty database beside it, `<path>.lock`. Held until disposed or until the process
 * ends, however it ends; the lock's file stays. Null where somebody else, or this process, holds it.
 */
export function lockFile(path: string): Disposable | null {
  const lockPath = `${path}.lock`;
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(lockPath);
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    if (cause instanceof Error && (cause as Error & { errcode?: number }).errcode === SQLITE_BUSY)
      return null;
    throw fileError(cause, lockPath);
  }
  const held = database;
  return {
    [Symbol.dispose]: () => {
      if (held.isOpen) held.close();
    },
  };
}
