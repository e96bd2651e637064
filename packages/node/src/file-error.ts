import type { ConnitoError } from '@connito/protocol';
import { nodeError } from './errors.ts';

/** The operating system's code of a failed call, such as `ENOENT`, or null. */
export function systemCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : null;
}

/** A failed file operation as `disk_full`, `file_exists` or `file_unusable`, with its path and what to do. */
export function fileError(cause: unknown, path: string): ConnitoError {
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return nodeError(
      'disk_full',
      `No space left to write ${path}. Free space on that file system or raise the quota, then try again; nothing was changed.`,
      { details: { path }, cause },
    );
  }
  if (code === 'EEXIST') {
    return nodeError('file_exists', `${path} exists and is not overwritten.`, { details: { path }, cause });
  }
  return nodeError(
    'file_unusable',
    `Cannot use ${path} (${code ?? 'unknown cause'}). Check that it exists and its owner.`,
    {
      details: { path, systemCode: code },
      cause,
    },
  );
}
