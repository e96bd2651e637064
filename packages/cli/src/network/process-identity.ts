import { readFileSync } from 'node:fs';
import { systemCode } from '@connito/node';

/** A process that a later one with the same number cannot be taken for. */
export type ProcessIdentity = {
  readonly pid: number;
  /** When it started, in the kernel's own unit since its boot; null where the system does not tell. */
  readonly startTicks: string | null;
};

export function processIdentity(pid: number): ProcessIdentity {
  return { pid, startTicks: startTicksOf(pid) };
}

/** Whether that very process is alive. Where the system tells no start times, a reused number counts as alive. */
export function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists, but is somebody else's.
    if (systemCode(error) !== 'EPERM') return false;
  }
  const now = startTicksOf(pid);
  return startTicks === null || now === null || startTicks === now;
}

/** Field 22 of Linux's `/proc/<pid>/stat`; a zombie has ended, so it has none. */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, a name in brackets, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null);
  } catch {
    return null;
  }
}
