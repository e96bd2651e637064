import { expect, it } from 'vitest';
import { ManualClock, sleep } from './clock.ts';
import { type Service, startAll } from './service.ts';

it('fires timers in the order they fall due, at their own time', () => {
  const clock = new ManualClock(0);
  const fired: [string, number][] = [];
  clock.setTimer(20, () => fired.push(['b', clock.nowMs()]));
  clock.setTimer(10, () => {
    fired.push(['a', clock.nowMs()]);
    clock.setTimer(5, () => fired.push(['c', clock.nowMs()]));
  });
  const cancel = clock.setTimer(12, () => fired.push(['never', 0]));
  cancel();
  clock.advance(30);
  expect(fired).toEqual([
    ['a', 10],
    ['c', 15],
    ['b', 20],
  ]);
  expect(clock.nowMs()).toBe(30);
});

it('ends a sleep when its signal fires', async () => {
  const controller = new AbortController();
  const sleeping = sleep(new ManualClock(), 1000, controller.signal);
  controller.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
});

it('stops what was started, in reverse, when a later service fails to start', async () => {
  const events: string[] = [];
  const service = (name: string, fails = false): Service => ({
    name,
    start: async () => {
      if (fails) throw new Error(`${name} failed`);
      events.push(`start ${name}`);
    },
    stop: async () => {
      events.push(`stop ${name}`);
    },
  });
  await expect(startAll([service('a'), service('b'), service('c', true)])).rejects.toThrow('c failed');
  expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a']);
});
