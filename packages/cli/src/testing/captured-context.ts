import type { CommandContext, Output } from '../command/context.ts';

/** A context whose output is kept, for tests of commands. */
export type CapturedContext = CommandContext & { readonly out: () => string; readonly err: () => string };

export function capturedContext(cwd = '/'): CapturedContext {
  const stdout = capturedOutput();
  const stderr = capturedOutput();
  return {
    stdout,
    stderr,
    env: {},
    cwd,
    startedAtMs: 0,
    onStopRequest: () => () => undefined,
    out: stdout.text,
    err: stderr.text,
  };
}

export function capturedOutput(size: Pick<Output, 'columns' | 'rows'> = {}) {
  const parts: string[] = [];
  return {
    ...size,
    write: (text: string) => {
      parts.push(text);
    },
    text: () => parts.join(''),
    /** What was written since the last call. */
    take: () => parts.splice(0).join(''),
  };
}
