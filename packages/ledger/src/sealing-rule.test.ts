import type { Hotkey } from '@connito/protocol';
import { expect, test } from 'vitest';
import { SealingRule } from './sealing-rule.ts';

const alice = 'alice' as Hotkey;
const bob = 'bob' as Hotkey;
const PACE = { minBlockMs: 0, maxBlockMs: 1_000 };

/** A rule with two neurons, of which Bob has missed block 1. */
function afterAMiss(): SealingRule {
  const rule = new SealingRule(PACE, 0);
  rule.registered(alice);
  rule.registered(bob);
  rule.ready(alice, 1, 1);
  expect(rule.decide({ number: 1, openedAtMs: 0 }, 999)).toMatchObject({ kind: 'wait' });
  expect(rule.decide({ number: 1, openedAtMs: 0 }, 1_000)).toEqual({ kind: 'seal', reason: 'time_bound' });
  rule.sealed(1);
  return rule;
}

test('a neuron that missed a block is not waited for', () => {
  const rule = afterAMiss();
  rule.ready(alice, 2, 2);
  expect(rule.decide({ number: 2, openedAtMs: 1_000 }, 1_000)).toEqual({ kind: 'seal', reason: 'all_ready' });
});

test('it is waited for again once it is ready for an open block', () => {
  const rule = afterAMiss();
  rule.ready(bob, 2, 2);
  expect(rule.awaited(2)).toEqual([alice]);
});

test('being ready for a block that has passed is no sign of keeping up: else it could stall every block', () => {
  const rule = afterAMiss();
  rule.ready(bob, 1, 2);
  expect(rule.awaited(2)).toEqual([alice]);
  rule.ready(alice, 2, 2);
  expect(rule.decide({ number: 2, openedAtMs: 1_000 }, 1_000)).toEqual({ kind: 'seal', reason: 'all_ready' });
});
