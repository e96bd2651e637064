import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { writeTinyModel } from '@connito/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const TOKENIZER = fileURLToPath(new URL('../../../../models/foundation/tokenizer.json', import.meta.url));

/** Whom to kill as soon as a round is over; the kill falls into the next round's first phases. */
const VICTIM_AFTER_ROUND = ['miner-1', 'validator-1', 'ledger', 'store'] as const;
const ROUNDS = VICTIM_AFTER_ROUND.length + 2;
const TIMEOUT_MS = 240_000;

type Line = {
  readonly type: string;
  readonly round?: number;
  readonly rounds?: readonly {
    readonly round: number;
    readonly stateHash: string;
    readonly agreed: boolean;
  }[];
};

/** A network with tiny nodes, started as a user starts it. */
class RunningNetwork {
  readonly #child: ChildProcess;
  readonly lines: Line[] = [];
  readonly folder: string;

  constructor(folder: string, model: string, rounds: number, onLine: (line: Line) => void) {
    this.folder = folder;
    const size = ['--miners', '3', '--validators', '3', '--copycats', '0', '--overflowers', '0'];
    const work = ['--domains', 'code,math', '--inner-steps', '2', '--rounds', `${rounds}`];
    const args = [MAIN, 'up', '--json', '--dir', folder, '--model', model, ...size, ...work];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      this.lines.push(line);
      onLine(line);
    });
  }

  async exit(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  get summary(): Line {
    return this.lines.at(-1)!;
  }
}

async function pidOf(folder: string, name: string): Promise<number> {
  const { processes } = JSON.parse(await readFile(join(folder, 'processes.json'), 'utf8'));
  const found = processes.find((process: { name: string }) => process.name === name);
  return found.pid;
}

describe('a network whose processes are killed', () => {
  let folder: string;
  let network: RunningNetwork;
  let exitCode: number | null;
  const killed: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-killed-'));
    const model = join(folder, 'model');
    await writeTinyModel(model, TOKENIZER);
    const directory = join(folder, 'network');
    network = new RunningNetwork(directory, model, ROUNDS, (line) => {
      const victim = line.type === 'round' ? VICTIM_AFTER_ROUND[line.round!] : undefined;
      if (victim === undefined) return;
      killed.push(victim);
      void pidOf(directory, victim).then((pid) => process.kill(pid, 'SIGKILL'));
    });
    exitCode = await network.exit();
  }, TIMEOUT_MS);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('goes on to the end, one of each role killed on the way', () => {
    expect(killed).toEqual([...VICTIM_AFTER_ROUND]);
    expect(exitCode).toBe(0);
    expect(network.summary.type).toBe('summary');
  });

  test('loses no round', () => {
    const rounds = network.summary.rounds!;
    expect(rounds.map(({ round }) => round)).toEqual(Array.from({ length: ROUNDS }, (_, round) => round));
  });

  test('all validators agree after every kill', () => {
    for (const { round, agreed, stateHash } of network.summary.rounds!) {
      expect(agreed, `round ${round}`).toBe(true);
      expect(stateHash).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test('every victim was started again', async () => {
    const { processes } = JSON.parse(await readFile(join(network.folder, 'processes.json'), 'utf8'));
    for (const victim of VICTIM_AFTER_ROUND) {
      const found = processes.find((process: { name: string }) => process.name === victim);
      expect(found.restarts, victim).toBeGreaterThan(0);
    }
  });
});
