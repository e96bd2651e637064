import { honestStrategy } from '@connito/miner';
import { describe, expect, test } from 'vitest';
import type { Outcome } from './outcome.ts';
import {
  boundedShift,
  caught,
  earnsNothing,
  losesDividends,
  lostShare,
  neverForked,
  noBetterPaid,
  nothingChanged,
  relativePay,
} from './requirements.ts';
import { resultOf } from './result.ts';
import { type Compared, type Scenario, USUAL } from './scenario.ts';

const scenario: Scenario = {
  ...USUAL,
  name: 'example',
  family: 'scoring',
  attack: 'Does something.',
  honestMiners: 3,
  cast: () => ({ miners: [{ as: 'liar', behaviour: { strategy: honestStrategy } }] }),
  must: [earnsNothing],
};

/** Three honest miners and a hostile one in one round, two validators. */
function outcome({
  liarEarns = 0,
  reason = 'no_gain' as 'no_gain' | null,
  states = ['a', 'a'],
  lossAfter = 3,
  dividends = 0.2,
}): Outcome {
  const miner = (hostile: boolean, earned: number) => ({
    as: hostile ? 'liar' : 'honest',
    hostile,
    domain: 'math',
    rounds: [{ scoreNanoNats: hostile ? 0 : 7, reason: hostile ? reason : null, earned, mergeWeight: 0 }],
  });
  return {
    rounds: [{ outcome: 'canonical', state: states[0]!, scales: { math: 1 } }],
    miners: [miner(false, 0.3), miner(false, 0.3), miner(false, 0.3), miner(true, liarEarns)],
    validators: states.map((state, i) => ({
      as: i === 0 ? 'honest' : 'other',
      hostile: false,
      rounds: [{ state, dividends: i === 0 ? 0.8 : dividends }],
    })),
    lossBefore: { math: 4 },
    lossAfter: { math: lossAfter },
  };
}

const compared = (what: Parameters<typeof outcome>[0]): Compared => ({
  scenario,
  outcome: outcome(what),
  clean: outcome({}),
});

describe('what must hold in every scenario', () => {
  test('pay is compared for each training, not for each key', () => {
    expect(relativePay(compared({ liarEarns: 0.15 }))).toBeCloseTo(0.5);
    expect(noBetterPaid.holds(compared({ liarEarns: 0.3 }))).toBe(true);
    expect(noBetterPaid.holds(compared({ liarEarns: 0.4 }))).toBe(false);
    const halfTraining = { ...compared({ liarEarns: 0.2 }), scenario: { ...scenario, trainings: 0.5 } };
    expect(noBetterPaid.holds(halfTraining)).toBe(false);
  });

  test('the loss shift is a part of what the clean network learned', () => {
    expect(lostShare(compared({ lossAfter: 3.2 }))).toBeCloseTo(0.2);
    expect(boundedShift.holds(compared({ lossAfter: 3.2 }))).toBe(true);
    expect(boundedShift.holds(compared({ lossAfter: 3.3 }))).toBe(false);
  });

  test('honest validators that post different states are a fork', () => {
    expect(neverForked.holds(compared({}))).toBe(true);
    expect(neverForked.holds(compared({ states: ['a', 'b'] }))).toBe(false);
  });
});

test('caught means a reason that was foreseen, and no pay', () => {
  expect(caught(['no_gain']).holds(compared({}))).toBe(true);
  expect(caught(['futile']).holds(compared({}))).toBe(false);
  expect(caught(['no_gain'], 'somebody else').holds(compared({}))).toBe(false);
  expect(caught(['no_gain']).holds(compared({ reason: null, liarEarns: 0.1 }))).toBe(false);
});

test('nothing changed means the same state, loss and honest scores', () => {
  expect(nothingChanged.holds(compared({}))).toBe(true);
  expect(nothingChanged.holds(compared({ states: ['b', 'b'] }))).toBe(false);
  expect(nothingChanged.holds(compared({ lossAfter: 3.01 }))).toBe(false);
});

test('a hostile validator must get less than the honest', () => {
  const { validators, ...rest } = outcome({ dividends: 0.2 });
  const lying = { ...rest, validators: validators.map((own, i) => ({ ...own, hostile: i === 1 })) };
  expect(losesDividends.holds({ ...compared({}), outcome: lying })).toBe(true);
  const equal = outcome({ dividends: 0.8 }).validators.map((own, i) => ({ ...own, hostile: i === 1 }));
  expect(losesDividends.holds({ ...compared({}), outcome: { ...rest, validators: equal } })).toBe(false);
});

describe('the verdict', () => {
  const at = { seconds: 1, finishedAt: '2026-01-01T00:00:00.000Z' };

  test('is withstood where all is met, and names the reason', () => {
    const result = resultOf(compared({}), 'weighted-mean', at);
    expect(result).toMatchObject({ verdict: 'withstood', caughtBy: 'no_gain', hostileShare: 0.25 });
  });

  test('is failed where something is not met, and open where that was said beforehand', () => {
    const paid = compared({ liarEarns: 0.3, reason: null });
    expect(resultOf(paid, 'weighted-mean', at)).toMatchObject({ verdict: 'failed', caughtBy: null });
    const known = { ...paid, scenario: { ...scenario, notWithstood: 'It pays.' } };
    expect(resultOf(known, 'weighted-mean', at).verdict).toBe('open');
  });
});
