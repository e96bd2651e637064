import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Schedule } from '../run/run-definition.ts';
import {
  evaluationSeedBlock,
  isInWindow,
  phaseAt,
  roundLengthBlocks,
  roundWindow,
  windowOf,
} from './phase.ts';

const blocks = fc.integer({ min: 1, max: 9 });
const schedules: fc.Arbitrary<Schedule> = fc.record({
  genesisBlock: fc.nat(1000),
  distribute: blocks,
  train: blocks,
  commit: blocks,
  reveal: blocks,
  evaluate: fc.integer({ min: 2, max: 9 }),
  attest: blocks,
  vote: blocks,
  state: blocks,
  publish: blocks,
});

describe('phases', () => {
  it('tile the block line exactly, in order', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const seen: string[] = [];
        let next = schedule.genesisBlock;
        while (next < schedule.genesisBlock + 3 * roundLengthBlocks(schedule)) {
          const point = phaseAt(next, schedule);
          if (point.phase === 'waiting') throw new Error('waiting after genesis');
          const name = point.phase === 'merge' ? point.step : point.phase;
          expect(point.firstBlock).toBe(next);
          expect(windowOf(point.round, name, schedule)).toEqual({
            firstBlock: point.firstBlock,
            lastBlock: point.lastBlock,
          });
          expect(point.lastBlock - point.firstBlock + 1).toBe(schedule[name]);
          seen.push(`${point.round} ${name}`);
          next = point.lastBlock + 1;
        }
        const names = [
          'distribute',
          'train',
          'commit',
          'reveal',
          'evaluate',
          'attest',
          'vote',
          'state',
          'publish',
        ];
        expect(seen).toEqual([0, 1, 2].flatMap((round) => names.map((name) => `${round} ${name}`)));
      }),
      { numRuns: 50 },
    );
  });

  it('say for every block how many are left in its window', () => {
    fc.assert(
      fc.property(schedules, fc.nat(500), (schedule, offset) => {
        const block = schedule.genesisBlock + offset;
        const point = phaseAt(block, schedule);
        if (point.phase === 'waiting') throw new Error('waiting after genesis');
        expect(isInWindow(block, point)).toBe(true);
        expect(block + point.blocksLeft).toBe(point.lastBlock);
        expect(isInWindow(block, windowOf(point.round, point.phase, schedule))).toBe(true);
        expect(isInWindow(block, roundWindow(point.round, schedule))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('wait before genesis', () => {
    const schedule: Schedule = {
      ...{ genesisBlock: 10, distribute: 1, train: 1, commit: 1, reveal: 1, evaluate: 2 },
      ...{ attest: 1, vote: 1, state: 1, publish: 1 },
    };
    expect(phaseAt(9, schedule)).toEqual({ phase: 'waiting', genesisBlock: 10, blocksLeft: 0 });
    expect(phaseAt(10, schedule)).toMatchObject({ phase: 'distribute', round: 0 });
    expect(phaseAt(16, schedule)).toMatchObject({ phase: 'merge', step: 'attest', round: 0 });
  });

  it('seed the evaluation by a block after every reveal', () => {
    fc.assert(
      fc.property(schedules, fc.nat(20), (schedule, round) => {
        expect(evaluationSeedBlock(round, schedule)).toBe(windowOf(round, 'reveal', schedule).lastBlock + 1);
      }),
      { numRuns: 20 },
    );
  });
});
