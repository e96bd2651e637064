import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * V8's settings for processes that share a few cores with a dozen others. Garbage is collected on one thread, since helper
 * threads of one process are rarely on a core together and spin until the others come; and the heap may grow before it is collected
 * for the first time, since most of what a node holds are tensors outside of it. Decision 2026-11-26-garbage-collection-of-nodes.
 */
const V8_FLAGS = ['--single-threaded-gc', '--initial-old-space-size=96'];

const COMPILER = fileURLToPath(new URL('compile-nodes.ts', import.meta.url));

/** The start of every node's command line, up to the program's file. */
export const NODE_COMMAND: readonly [string, ...string[]] = [
  process.execPath,
  ...process.execArgv,
  ...V8_FLAGS,
];

/**
 * Compiles in a process of its own what nodes load, into the cache that they all read: a dozen nodes that start at once
 * would each do it again. Resolves when that has ended, however it did; nodes do without where it failed.
 */
export function compileNodes(): Promise<void> {
  const [command, ...flags] = NODE_COMMAND;
  return new Promise((resolve) => {
    const child: ChildProcess = spawn(command, [...flags, COMPILER], { stdio: 'ignore' });
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}
