import { MINIMUM_NODE_MAJOR, nodeVersionFault } from '../../node-version.ts';
import type { Finding } from './finding.ts';

/** What of the machine the checks look at. */
export type Machine = {
  readonly nodeVersion: string;
  readonly cores: number;
  /** Memory this process may use, the limit of a container included. */
  readonly memoryBytes: number;
  readonly availableMemoryBytes: number;
  readonly freeDiskBytes: number;
};

const GIB = 1024 ** 3;
/** A node takes about 300 MB at the shipped model; the default network has eleven, and ledger, store and supervisor. */
const COMFORTABLE_MEMORY_BYTES = 5 * GIB;
const LEAST_MEMORY_BYTES = 2 * GIB;
/** The default network writes about 20 MB in a round. */
const COMFORTABLE_DISK_BYTES = 5 * GIB;
const LEAST_DISK_BYTES = 0.5 * GIB;

export function checkNode({ nodeVersion }: Machine): Finding {
  const fault = nodeVersionFault(nodeVersion);
  if (fault === null) return { status: 'ok', found: `Node ${nodeVersion}` };
  return {
    status: 'fail',
    found: `Node ${nodeVersion}`,
    remedy: `Install Node ${MINIMUM_NODE_MAJOR}, or use the one that "npm ci" brings.`,
  };
}

export function checkCores({ cores }: Machine): Finding {
  const found = cores === 1 ? '1 core' : `${cores} cores`;
  if (cores >= 2) return { status: 'ok', found };
  return {
    status: 'warn',
    found,
    remedy: 'Rounds will be slow: use fewer nodes, for example --miners 4 --copycats 0 --overflowers 0.',
  };
}

export function checkMemory({ memoryBytes, availableMemoryBytes }: Machine): Finding {
  const found = `${gibibytes(availableMemoryBytes)} of ${gibibytes(memoryBytes)} available`;
  if (availableMemoryBytes >= COMFORTABLE_MEMORY_BYTES) return { status: 'ok', found };
  const remedy = 'Close other programs, or use fewer nodes with --miners and --validators.';
  return { status: availableMemoryBytes >= LEAST_MEMORY_BYTES ? 'warn' : 'fail', found, remedy };
}

export function checkDisk({ freeDiskBytes }: Machine): Finding {
  const found = `${gibibytes(freeDiskBytes)} free`;
  if (freeDiskBytes >= COMFORTABLE_DISK_BYTES) return { status: 'ok', found };
  const remedy = 'Free some space, or put the network on another file system with --dir.';
  return { status: freeDiskBytes >= LEAST_DISK_BYTES ? 'warn' : 'fail', found, remedy };
}

function gibibytes(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
