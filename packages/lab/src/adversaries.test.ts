import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RoundRecord } from '@connito/run';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { taskRandom } from './miners/copycat.ts';
import { allOnes, flippedBit, replayed, truncated, withoutTensor, withTensor } from './miners/packing.ts';
import {
  bundleThief,
  commitmentCopier,
  gibberish,
  late,
  miner,
  neverRevealing,
  packing,
  revealing,
} from './miners/submitting.ts';
import { idle, stale, sybils } from './miners/training.ts';
import { withNoise } from './miners/update.ts';
import { LocalNetwork } from './network/local-network.ts';
import { SharedModel } from './shared-model.ts';
import { createTinyRun } from './tiny-run.ts';
import { favouring, validator, wrongState } from './validators/lying.ts';

const TOKENIZER = fileURLToPath(new URL('../../../models/foundation/tokenizer.json', import.meta.url));
const ROUNDS = 2;
const HONEST = 2;

const [firstSybil, secondSybil] = sybils([
  ({ delta }) => delta,
  ({ delta }, task) => withNoise(delta, 0.2, taskRandom(task)),
]);
/** Hostile miners by the name of their attack, in the order they register. */
const ATTACKS = {
  'commitment copier': commitmentCopier(),
  'bundle thief': bundleThief(),
  'late commit': late('commit', 'reveal'),
  'late reveal': late('reveal', 'evaluate'),
  'no reveal': neverRevealing(),
  'router tensor': packing(withTensor('model.layers.1.mlp.gate.weight')),
  'missing tensor': packing(withoutTensor),
  'flipped bit': packing(flippedBit),
  'truncated bundle': packing(truncated),
  'non-finite bundle': packing(allOnes),
  gibberish: revealing(gibberish),
  'replayed manifest': packing(replayed()),
  'stale delta': miner(stale()),
  'zero delta': miner(idle()),
  sybil: miner(firstSybil!),
  'second sybil': miner(secondSybil!),
};
type Attack = keyof typeof ATTACKS;

describe('among two honest miners and three honest validators, a hostile miner of each kind and a lying validator', () => {
  const records: RoundRecord[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-adversaries-'));
    const { definition, store, modelFolder } = await createTinyRun(folder, TOKENIZER, ['code']);
    const model = await SharedModel.open({ definition, store }, { modelFolder, threads: 1 });
    const favourite = favouring(({ facts }) => facts.miners.at(-3)!.uid);
    const network = await LocalNetwork.start(
      {
        folder,
        definition,
        validators: [validator(), validator(), validator(), validator({ ...favourite, ...wrongState })],
        miners: [...Array.from({ length: HONEST }, () => miner()), ...Object.values(ATTACKS)],
        draws: 'adversaries',
        reportWaitMs: 100,
        openSession: async () => model.session(),
      },
      store,
    );
    for (let round = 0; round < ROUNDS; round++) records.push(await network.round(round));
    await network.stop();
    await model.stop();
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const minersOf = (record: RoundRecord) => [...record.miners].sort((a, b) => a.uid - b.uid);
  const of = (attack: Attack) =>
    records.map((record) => minersOf(record)[HONEST + Object.keys(ATTACKS).indexOf(attack)]!);

  test.for<[Attack, ...string[]]>([
    ['commitment copier', 'commitment_mismatch', 'bad_signature', 'wrong_hotkey'],
    ['bundle thief', 'commitment_mismatch'],
    ['late commit', 'late_commit', 'no_commitment'],
    ['late reveal', 'late_reveal', 'not_revealed'],
    ['no reveal', 'not_revealed'],
    ['router tensor', 'scope_violation'],
    ['missing tensor', 'manifest_mismatch'],
    ['flipped bit', 'unavailable', 'bundle_corrupt'],
    ['truncated bundle', 'bundle_corrupt'],
    ['non-finite bundle', 'bundle_corrupt', 'non_finite_delta'],
    ['gibberish', 'reveal_malformed'],
    ['zero delta', 'no_gain', 'futile'],
  ])('%s earns nothing and is told why', ([attack, ...reasons]) => {
    for (const { reason, incentive } of of(attack)) {
      expect(incentive).toBe(0);
      expect(reasons).toContain(reason);
    }
  });

  test.for<[Attack, string]>([
    ['replayed manifest', 'wrong_round'],
    ['stale delta', 'stale_delta'],
  ])('%s earns once at most: from the second round on, %s', ([attack, reason]) => {
    expect(of(attack)[1]).toMatchObject({ reason, incentive: 0 });
  });

  test('of one training under two keys, one key earns at most', () => {
    for (const [round, first] of of('sybil').entries()) {
      const second = of('second sybil')[round]!;
      expect([first.reason, second.reason]).toContain('duplicate_of');
      expect(Math.min(first.incentive, second.incentive)).toBe(0);
    }
  });

  test('honest miners earn in every round', () => {
    for (const record of records) {
      for (const honest of minersOf(record).slice(0, HONEST)) expect(honest.incentive).toBeGreaterThan(0);
    }
  });

  test('honest validators post one state, which stands whatever the fourth posts', () => {
    for (const record of records) {
      const states = [...record.validators].sort((a, b) => a.uid - b.uid).map(({ state }) => state);
      expect(record.outcome).toBe('canonical');
      expect(states.slice(0, 3)).toEqual([record.state, record.state, record.state]);
      expect(states[3]).not.toBe(record.state);
    }
  });

  test('the validator that favours its own idle miner moves no pay and loses dividends', () => {
    for (const record of records) {
      const [, , third, lying] = [...record.validators].sort((a, b) => a.uid - b.uid);
      expect(lying!.dividends).toBeLessThan(third!.dividends);
    }
  });
});
