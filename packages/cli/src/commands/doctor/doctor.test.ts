import { describe, expect, it } from 'vitest';
import { checkEngine } from './engine-check.ts';
import { examineAll } from './finding.ts';
import { findingLines } from './handler.ts';
import { checkCores, checkDisk, checkMemory, checkNode, type Machine } from './machine-checks.ts';

const GIB = 1024 ** 3;
const LAPTOP: Machine = {
  nodeVersion: '24.21.0',
  cores: 8,
  memoryBytes: 16 * GIB,
  availableMemoryBytes: 12 * GIB,
  freeDiskBytes: 100 * GIB,
};

describe('the doctor', () => {
  it('finds nothing wrong with a laptop', () => {
    for (const check of [checkNode, checkCores, checkMemory, checkDisk])
      expect(check(LAPTOP).status).toBe('ok');
  });

  it('refuses an old Node', () => {
    expect(checkNode({ ...LAPTOP, nodeVersion: '20.1.0' })).toMatchObject({
      status: 'fail',
      found: 'Node 20.1.0',
    });
  });

  it.each([
    [4, 'warn'],
    [1, 'fail'],
  ])('finds %i GiB of memory to be a reason to %s', (gibibytes, status) => {
    expect(checkMemory({ ...LAPTOP, availableMemoryBytes: gibibytes * GIB })).toMatchObject({ status });
  });

  it.each([
    [2, 'warn'],
    [0.1, 'fail'],
  ])('finds %f GiB of disk to be a reason to %s', (gibibytes, status) => {
    expect(checkDisk({ ...LAPTOP, freeDiskBytes: gibibytes * GIB })).toMatchObject({ status });
  });

  it('gives a remedy for whatever is not well', () => {
    const poor = {
      nodeVersion: '18.0.0',
      cores: 1,
      memoryBytes: 1,
      availableMemoryBytes: 1,
      freeDiskBytes: 1,
    };
    for (const check of [checkNode, checkCores, checkMemory, checkDisk]) {
      expect(check(poor)).toMatchObject({ remedy: expect.stringMatching(/\S/) });
    }
  });

  it('runs a tiny model on the engine', async () => {
    expect(await checkEngine()).toMatchObject({ status: 'ok' });
  });

  it('tells why the engine does not work', async () => {
    const broken = await checkEngine(() => Promise.reject(new Error('no such library')));
    expect(broken).toMatchObject({ status: 'fail', found: expect.stringContaining('no such library') });
    const wrong = await checkEngine(async () => 3.5);
    expect(wrong).toMatchObject({ status: 'fail', found: expect.stringContaining('3.5 instead of') });
  });

  it('goes on after a check that throws, and counts it as failed', async () => {
    const findings = await examineAll([
      { name: 'keys', examine: () => Promise.reject(new Error('unreadable')) },
      { name: 'node', examine: () => checkNode(LAPTOP) },
    ]);
    expect(findings).toMatchObject([
      { name: 'keys', status: 'fail', found: 'unreadable' },
      { name: 'node', status: 'ok' },
    ]);
    expect(findingLines(findings)[0]).toMatch(/^FAIL {2}keys +unreadable/);
  });
});
