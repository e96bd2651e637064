import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@connito/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ProcessEvent, type RestartPolicy, SupervisedProcess } from './supervised-process.ts';
import { Supervisor } from './supervisor.ts';

const FAST: RestartPolicy = { firstDelayMs: 5, maxDelayMs: 10, maxCrashes: 3, recoveredAfterMs: 60_000 };

/** Runs until it is told to end; `SIGTERM` ends it as it would end any process. */
const PATIENT = 'setInterval(() => {}, 1000); process.send("up")';
const DEAF = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); process.stdout.write("deaf\\n")';

describe('a supervised process', () => {
  let directory: string;
  let events: ProcessEvent[];
  let onEvent: (event: ProcessEvent) => void;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'connito-process-'));
    events = [];
    onEvent = () => undefined;
  });
  afterEach(() => rm(directory, { recursive: true }));

  const processOf = (script: string, policy = FAST) =>
    new SupervisedProcess(
      {
        name: 'child',
        role: 'miner',
        command: [process.execPath, '-e', script],
        logFile: join(directory, 'child.log'),
      },
      {
        clock: systemClock,
        onEvent: (event) => {
          events.push(event);
          onEvent(event);
        },
      },
      policy,
    );
  const untilEvent = (wanted: (event: ProcessEvent) => boolean) =>
    new Promise<void>((resolve) => {
      onEvent = (event) => {
        if (wanted(event)) resolve();
      };
    });

  it('is started again after a crash, and given up with its last words after too many', async () => {
    const child = processOf('console.error("error: no disk"); process.exit(1)');
    const gaveUp = untilEvent(({ kind }) => kind === 'gave_up');
    child.start();
    await gaveUp;
    expect(events.map(({ kind }) => kind)).toEqual([
      'started',
      'crashed',
      'started',
      'crashed',
      'started',
      'gave_up',
    ]);
    expect(events.at(-1)).toMatchObject({ exit: 1, crashes: 3, why: 'no disk' });
    expect(child.state).toBe('gave_up');
  });

  it('is not started again after a failure that repeats itself', async () => {
    const child = processOf('process.exit(4)');
    const gaveUp = untilEvent(({ kind }) => kind === 'gave_up');
    child.start();
    await gaveUp;
    expect(child.restarts).toBe(0);
  });

  it('is started again after SIGKILL, which older words in its log do not explain', async () => {
    await writeFile(join(directory, 'child.log'), 'error: from an earlier start\n');
    const child = processOf(PATIENT);
    child.start();
    const restarted = untilEvent((event) => event.kind === 'started' && event.restarts === 1);
    process.kill(child.identity!.pid, 'SIGKILL');
    await restarted;
    expect(events[1]).toMatchObject({ kind: 'crashed', exit: 'SIGKILL', why: null });
    await child.stop(10_000);
    expect(child.state).toBe('stopped');
  });

  it('is asked to stop, and not started again', async () => {
    const child = processOf(PATIENT);
    child.start();
    await child.stop(10_000);
    expect(events.at(-1)).toMatchObject({ kind: 'stopped', killed: false });
  });

  it('is killed where it does not stop in time', async () => {
    const child = processOf(DEAF);
    child.start();
    const { pid } = child.identity!;
    await untilLogged(join(directory, 'child.log'), 'deaf');
    await child.stop(20);
    expect(events.at(-1)).toMatchObject({ kind: 'stopped', exit: 'SIGKILL', killed: true });
    expect(() => process.kill(pid, 0)).toThrow();
  });

  it('does not come back when it is stopped between two attempts', async () => {
    const child = processOf('process.exit(1)', { ...FAST, firstDelayMs: 60_000, maxDelayMs: 60_000 });
    const crashed = untilEvent(({ kind }) => kind === 'crashed');
    child.start();
    await crashed;
    await child.stop(10_000);
    expect(child.state).toBe('stopped');
  });

  it('fails to start where its program does not exist', async () => {
    const child = new SupervisedProcess(
      { name: 'child', role: 'miner', command: ['/no/such/program'], logFile: join(directory, 'child.log') },
      { clock: systemClock, onEvent: (event) => events.push(event) },
      { ...FAST, maxCrashes: 1 },
    );
    child.start();
    await expect.poll(() => child.state).toBe('gave_up');
  });
});

describe('the supervisor', () => {
  it('stops the ledger last', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'connito-supervisor-'));
    const stopped: string[] = [];
    const supervisor = new Supervisor({
      clock: systemClock,
      onEvent: ({ name }, { kind }) => {
        if (kind === 'stopped') stopped.push(name);
      },
    });
    const command = [process.execPath, '-e', PATIENT] as const;
    for (const role of ['ledger', 'miner', 'validator'] as const) {
      supervisor.start({ name: role, role, command, logFile: join(directory, `${role}.log`) });
    }
    await supervisor.stop();
    expect(stopped.at(-1)).toBe('ledger');
    expect(stopped).toHaveLength(3);
    await rm(directory, { recursive: true });
  });
});

async function untilLogged(path: string, text: string): Promise<void> {
  await expect.poll(() => readFile(path, 'utf8'), { timeout: 5_000 }).toContain(text);
}
