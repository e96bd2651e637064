import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sampleRound } from '../testing/sample-network.ts';
import { appendHistory, readHistory } from './round-history.ts';

describe('the history of rounds', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'connito-history-'));
    path = join(directory, 'rounds.jsonl');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is empty before the first round, and then what was written', async () => {
    expect(await readHistory(path)).toEqual([]);
    await appendHistory(path, sampleRound(0));
    await appendHistory(path, sampleRound(1));
    expect(await readHistory(path)).toEqual([sampleRound(0), sampleRound(1)]);
  });

  it('loses only the line that a crash cut short', async () => {
    await appendHistory(path, sampleRound(0));
    await appendFile(path, '\n{"round":1,"outco');
    await appendHistory(path, sampleRound(1));
    expect((await readHistory(path)).map(({ round }) => round)).toEqual([0, 1]);
  });
});
