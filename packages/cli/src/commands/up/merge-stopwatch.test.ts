import { ManualClock } from '@connito/node';
import { describe, expect, it } from 'vitest';
import { phaseEvent } from '../../testing/sample-network.ts';
import { MergeStopwatch } from './merge-stopwatch.ts';

describe('the time to the first merge', () => {
  it('ends when a state held, not when it was read', () => {
    const clock = new ManualClock(1_000);
    const stopwatch = new MergeStopwatch(1_000, clock);
    stopwatch.see(phaseEvent({ round: 0, phase: 'train' }));
    clock.advance(30_000);
    stopwatch.see(phaseEvent({ round: 0, phase: 'publish' }));
    clock.advance(8_000);
    expect(stopwatch.secondsToFirstMerge).toBeNull();
    stopwatch.finished({ round: 0, outcome: 'canonical' });
    expect(stopwatch.secondsToFirstMerge).toBe(30);
  });

  it('passes over void rounds', () => {
    const clock = new ManualClock(0);
    const stopwatch = new MergeStopwatch(0, clock);
    stopwatch.see(phaseEvent({ round: null, phase: 'waiting' }));
    stopwatch.see(phaseEvent({ round: 0, phase: 'publish' }));
    stopwatch.finished({ round: 0, outcome: 'void' });
    clock.advance(20_000);
    stopwatch.see(phaseEvent({ round: 2, phase: 'distribute' }));
    stopwatch.finished({ round: 1, outcome: 'canonical' });
    expect(stopwatch.secondsToFirstMerge).toBe(20);
  });

  it('does not count a round that was merged before this start', () => {
    const clock = new ManualClock(0);
    const stopwatch = new MergeStopwatch(0, clock);
    clock.advance(10_000);
    stopwatch.see(phaseEvent({ round: 7, phase: 'reveal' }));
    stopwatch.finished({ round: 6, outcome: 'canonical' });
    expect(stopwatch.secondsToFirstMerge).toBeNull();
    clock.advance(10_000);
    stopwatch.see(phaseEvent({ round: 7, phase: 'publish' }));
    stopwatch.finished({ round: 7, outcome: 'canonical' });
    expect(stopwatch.secondsToFirstMerge).toBe(20);
  });
});
