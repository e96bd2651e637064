import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { z } from 'zod';

/** The end of a log that is searched for what went wrong. */
const TAIL_BYTES = 64 * 1024;
/** A log this large is put aside when its process is started for the first time. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;

const failureLine = z.object({
  level: z.string(),
  msg: z.string(),
  error: z.object({ message: z.string(), code: z.string().optional() }).optional(),
});

/**
 * What a process last complained of: the last error line of its JSON log, or the last line of anything else. Only what was
 * written from byte `from` on counts: before that, another start of the process speaks.
 */
export function lastFailure(path: string, from: number): string | null {
  const lines = readTail(path, from)
    .split('\n')
    .filter((line) => line.trim() !== '');
  for (const line of lines.toReversed()) {
    const parsed = parseLine(line);
    if (parsed === null) continue;
    if (parsed.level === 'error' || parsed.level === 'fatal') return parsed.error?.message ?? parsed.msg;
  }
  const plain = lines.findLast((line) => !line.startsWith('{') && !line.startsWith('    at '));
  return plain?.replace(/^error: /, '').slice(0, 500) ?? null;
}

/** Moves an overlong log to `<path>.1`, replacing the one before. */
export function rotateLog(path: string): void {
  if (logBytes(path) > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
}

/** A log's size in bytes; 0 where there is none yet. */
export function logBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readTail(path: string, from: number): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const start = Math.max(from, size - TAIL_BYTES);
    const tail = Buffer.alloc(Math.max(0, size - start));
    const bytes = readSync(file, tail, 0, tail.length, start);
    return tail.toString('utf8', 0, bytes);
  } finally {
    closeSync(file);
  }
}

function parseLine(line: string): z.infer<typeof failureLine> | null {
  try {
    return failureLine.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
