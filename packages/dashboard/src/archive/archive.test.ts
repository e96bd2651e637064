import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hotkey, PlacedNote } from '@connito/protocol';
import type { StateMeasurement } from '@connito/run';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveContext, sampleMeasurement } from '../testing/sample-stories.ts';
import { Archive } from './archive.ts';

const context = archiveContext();
const { definition, run } = context;

function declaration(block: number, groups: readonly number[]): PlacedNote<'declare'> {
  return { hotkey: '5Miner' as Hotkey, block, index: 0, note: { kind: 'declare', groups } };
}

describe('declarations', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-archive-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are remembered over a restart, with how far they were read', () => {
    const path = join(folder, 'restart.db');
    {
      using archive = Archive.open(path, run);
      const log = archive.declarationLog();
      expect(log.readUpTo).toBe(-1);
      log.add([declaration(3, [0])], 10);
      log.add([declaration(12, [1])], 20);
      expect(log.readUpTo).toBe(20);
    }
    using again = Archive.open(path, run);
    const log = again.declarationLog();
    expect(log.readUpTo).toBe(20);
    expect(log.declarations).toEqual([declaration(3, [0]), declaration(12, [1])]);
  });

  it('of another process do not make this one believe that it has read them', () => {
    const path = join(folder, 'shared.db');
    using one = Archive.open(path, run);
    using other = Archive.open(path, run);
    const log = one.declarationLog();
    other.declarationLog().add([declaration(3, [0])], 30);
    expect(log.readUpTo).toBe(-1);
    log.add([declaration(3, [0])], 10);
    expect(log.declarations).toEqual([declaration(3, [0])]);
    // What the other had read is not forgotten.
    expect(other.declarationLog().readUpTo).toBe(30);
  });
});

describe('what a round gave', () => {
  const measurement = (round: number, losses: number[], subModelLosses: number[]): StateMeasurement => {
    const sample = sampleMeasurement(definition, round);
    const [domain] = sample.domains;
    return { ...sample, domains: [{ ...domain!, losses, subModelLosses }] };
  };
  const states = [
    measurement(0, [3, 4, 5], [6, 7, 8]),
    measurement(1, [2.5, 3.75, 4.75], [5, 6, 6.5]),
    measurement(2, [2.5, 3.75, 4.75], [5, 6, 6.5]),
  ];

  it.each([
    ['forwards', [0, 1, 2]],
    ['with the newest state first', [0, 2, 1]],
  ])('is the same %s', (_, order) => {
    using archive = Archive.open(':memory:', run);
    for (const round of order) archive.addMeasurement(round, states[round]!);
    const rows = archive.rows('SELECT * FROM step ORDER BY before_round');
    expect(rows.map(({ before_round }) => before_round)).toEqual([1, 2]);
    const [first, second] = rows;
    expect(first!.gain).toBeCloseTo((0.5 + 0.25 + 0.25) / 3, 12);
    expect(first!.gain_low).toBeLessThan(Number(first!.gain));
    // The sub-model fell by 1, 1 and 1.5.
    expect(first!.sub_gain).toBeCloseTo(3.5 / 3, 12);
    expect(first!.gap).toBeCloseTo((3.5 - 1) / 3, 12);
    expect(second!.gain).toBe(0);
    expect(second!.gap).toBe(0);
  });
});
