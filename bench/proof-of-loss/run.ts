/**
 * Calibrates Proof-of-Loss on stored real updates: false-reward rates of the shipped bound and its alternatives, and the power
 * of honest miners.
 *
 *     npx node bench/proof-of-loss/run.ts [--updates bench/results/DATE-proof-of-loss-updates.json] [--trials 10000]
 *
 * `collect.ts` makes the updates. `--fixture PATH` also writes the differences that the calibration test of the protocol
 * package resamples. About five minutes on one core; equal inputs give equal results.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LOCAL_PARAMETERS } from '@connito/run';
import { describeMachine } from '../support/machine.ts';
import { SHIPPED } from './bounds.ts';
import { calibrate, type FalseRewards, SIZES } from './calibration.ts';
import { fixtureOf } from './fixture.ts';
import type { MemoriserResult } from './memoriser.ts';
import { detectableGain, scoreDraws } from './power.ts';
import { type CalibrationResult, markdown } from './report.ts';
import type { MeasuredUpdate } from './updates.ts';

const date = new Date().toISOString().slice(0, 10);
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    updates: { type: 'string', default: at(`../results/${date}-proof-of-loss-updates.json`) },
    trials: { type: 'string', default: '10000' },
    out: { type: 'string', default: at(`../results/${date}-proof-of-loss`) },
    fixture: { type: 'string' },
  },
});
const trials = Number(values.trials);
const { updates, memorisers, pools } = JSON.parse(await readFile(values.updates, 'utf8')) as {
  updates: MeasuredUpdate[];
  memorisers: MemoriserResult[];
  pools: Record<string, number>;
};
const { scoring } = LOCAL_PARAMETERS;
const groups = new Set(updates.map(({ domain }) => domain)).size;
const rate = Number(scoring.falseRewardRate);

const falseRewards = calibrate(updates, rate, trials, ['texts', 'pool']);
console.error('calibrated');
const honest = updates.filter(({ kind }) => kind === 'honest' || kind === 'honest, other share');
const draws = (update: MeasuredUpdate, recentre: boolean, seed: number) =>
  scoreDraws(update, scoring, trials, { recentre, groups, seed });
const result: CalibrationResult = {
  date,
  command: `npx node bench/proof-of-loss/run.ts --trials ${trials}`,
  machine: await describeMachine(),
  stated: rate,
  domainSequences: scoring.domainSequences,
  trials,
  updates: updates.length,
  pools,
  falseRewards,
  zeroGain: updates.map((update, i) => draws(update, true, 5000 + i)),
  paid: honest.map((update, i) => draws(update, false, 9000 + i)),
  detectable: honest
    .filter(({ kind }) => kind === 'honest')
    .map((update) => ({
      domain: update.domain,
      round: update.round,
      gains: Object.fromEntries(
        SIZES.map((n) => [n, detectableGain(update, { ...scoring, domainSequences: n }, 1000, groups)]),
      ),
    })),
  memorisers,
};
const stored = { ...result, falseRewards: compact(falseRewards) };
await writeFile(`${values.out}.json`, `${JSON.stringify(stored)}\n`);
await writeFile(`${values.out}.md`, markdown(result, SHIPPED.name));
if (values.fixture !== undefined) await writeFile(values.fixture, fixtureOf(updates, falseRewards, scoring));
console.log(markdown(result, SHIPPED.name));

/** One row for each bound, way of drawing and size: rewarded resamples of each update, in the order of the updates file. */
function compact(results: readonly FalseRewards[]): unknown[] {
  const rows = new Map<
    string,
    { bound: string; draw: string; n: number; trials: number; rewarded: number[] }
  >();
  for (const { bound, draw, n, trials, rewarded } of results) {
    const key = `${bound}/${draw}/${n}`;
    const row = rows.get(key) ?? { bound, draw, n, trials, rewarded: [] };
    row.rewarded.push(rewarded);
    rows.set(key, row);
  }
  return [...rows.values()];
}
