import { REPLAY_CELLS, SCENARIOS } from '@connito/lab';
import { expect, test } from 'vitest';
import { LabPace, labTasks } from './lab-plan.ts';

test('the time left follows from the pace of what was run, not of what was read', () => {
  const tasks = labTasks(SCENARIOS.slice(0, 2), REPLAY_CELLS.slice(0, 2));
  const pace = new LabPace(tasks);
  expect(String(pace)).toBe('0 of 4 done');
  pace.finish(tasks[0]!, 0, true);
  expect(pace.secondsLeft).toBeNull();
  pace.finish(tasks[1]!, 3 * tasks[1]!.cost, false);
  expect(pace.secondsLeft).toBe(3 * (tasks[2]!.cost + tasks[3]!.cost));
  expect(String(pace)).toMatch(/^2 of 4 done, about \d+ minutes left$/);
  pace.finish(tasks[2]!, 1, false);
  pace.finish(tasks[3]!, 1, false);
  expect(String(pace)).toBe('4 of 4 done');
});

test('the quick set is a quarter of the whole plan at most', () => {
  const cost = (tasks: ReturnType<typeof labTasks>): number => tasks.reduce((sum, { cost }) => sum + cost, 0);
  const whole = cost(labTasks(SCENARIOS, REPLAY_CELLS));
  expect(
    cost(
      labTasks(
        SCENARIOS.filter(({ quick }) => quick),
        [],
      ),
    ),
  ).toBeLessThan(whole / 4);
});
