import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attackMatrix } from './attack-matrix.ts';
import { Lab } from './lab.ts';
import type { ScenarioResult } from './result.ts';
import { SCENARIOS } from './scenarios/index.ts';

const [first] = SCENARIOS;
const RESULT: ScenarioResult = {
  ...{ kind: 'live', name: first!.name, family: first!.family, attack: 'Overflows.', model: 'foundation' },
  rule: 'weighted-mean',
  ...{ hostileShare: 0.3, miners: 10, validators: 4, rounds: 3, hostileEarned: 0, honestEarned: 0.1 },
  ...{ relativePay: 0, dividends: null, lossShift: -0.0031, lostShare: -0.02, caughtBy: 'non_finite_loss' },
  ...{ reasons: [], checks: [{ says: 'it holds', met: false }], verdict: 'failed', notWithstood: null },
  outcome: { rounds: [], miners: [], validators: [], lossBefore: {}, lossAfter: {} },
  ...{ seconds: 1, finishedAt: '2026-01-02T03:04:05.000Z' },
};

test('the matrix shows each result, what was not met, and what was not run', () => {
  const stored = { model: 'a model', results: [RESULT], source: 'bench/results/example.json' };
  const rehearsed = { ...RESULT, name: 'noise', attack: 'Trains nothing.' };
  const page = attackMatrix(stored, SCENARIOS, {
    ...stored,
    model: 'a tiny model',
    results: [RESULT, rehearsed],
  });
  expect(page).toContain(
    '| `overflow` | Overflows. | 3 of 10 miners | 0.0 %, 10.0 % | 0.00 | −3.1 (−2.0 %) | non_finite_loss | **not withstood** |',
  );
  expect(page).toContain('`overflow`: not met: it holds.');
  expect(page.split('## On a tiny model only')[1]).toContain('| `noise` | Trains nothing. |');
  expect(page.match(/\| `overflow` \|/g)).toHaveLength(1);
  expect(page.split('## Not run yet')[1]).toContain('`dead-neuron`: ');
  expect(page).toContain(`1 of ${SCENARIOS.length} scenarios were run, on 2026-01-02`);
});

test('a finished scenario is read and not run again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'connito-lab-'));
  await mkdir(join(folder, 'results'));
  await writeFile(join(folder, 'results', `${first!.name}.json`), JSON.stringify(RESULT));
  // There is no model, so that anything that ran would fail.
  await using lab = new Lab({ folder, model: join(folder, 'missing') });
  expect(await lab.run(first!, new AbortController().signal)).toEqual(RESULT);
  await rm(folder, { recursive: true });
});
