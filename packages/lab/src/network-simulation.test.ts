import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RoundRecord } from '@connito/run';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copycat } from './miners/copycat.ts';
import { overflow } from './miners/overflow.ts';
import { miner } from './miners/submitting.ts';
import { LocalNetwork } from './network/local-network.ts';
import { SharedModel } from './shared-model.ts';
import { createTinyRun } from './tiny-run.ts';
import { validator } from './validators/lying.ts';

const TOKENIZER = fileURLToPath(new URL('../../../models/foundation/tokenizer.json', import.meta.url));
const ROUNDS = 3;
const COPYCAT = 4;
const OVERFLOW = 5;

describe('a network of three validators, four honest miners, a copycat and an overflower', () => {
  const records: RoundRecord[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-network-'));
    const { definition, store, modelFolder } = await createTinyRun(folder, TOKENIZER, ['code', 'math']);
    const model = await SharedModel.open({ definition, store }, { modelFolder, threads: 1 });
    const network = await LocalNetwork.start(
      {
        folder,
        definition,
        validators: [validator(), validator(), validator()],
        miners: [miner(), miner(), miner(), miner(), miner(copycat()), miner(overflow())],
        draws: 'simulation',
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

  test('every round is canonical and all validators post the same state', () => {
    for (const record of records) {
      expect(record.outcome).toBe('canonical');
      expect(record.agreed).toBe(true);
      expect(record.validators.map(({ state }) => state)).toEqual([record.state, record.state, record.state]);
    }
  });

  test('every round moves to a new state', () => {
    expect(new Set(records.map(({ state }) => state)).size).toBe(ROUNDS);
  });

  test('honest miners earn', () => {
    for (let miner = 0; miner < 4; miner++) {
      const earned = records.filter((record) => minerOf(record, miner).incentive > 0).length;
      expect(earned, `miner ${miner}`).toBeGreaterThan(ROUNDS / 2);
    }
  });

  test('the overflower earns nothing, because its losses are not finite', () => {
    for (const record of records) {
      expect(minerOf(record, OVERFLOW)).toMatchObject({
        scoreNanoNats: 0,
        incentive: 0,
        reason: 'non_finite_loss',
      });
    }
  });

  test('the copycat earns nothing: nothing to copy at first, then found out', () => {
    expect(records.map((record) => minerOf(record, COPYCAT).incentive)).toEqual([0, 0, 0]);
    expect(minerOf(records[0]!, COPYCAT).reason).toBe('no_commitment');
    for (const record of records.slice(1)) expect(minerOf(record, COPYCAT).reason).toBe('duplicate_of');
  });

  test('emission is split over the groups', () => {
    for (const record of records) {
      for (const domain of ['code', 'math']) {
        const own = record.miners.filter((miner) => miner.domain === domain);
        const share = own.reduce((sum, { incentive }) => sum + incentive, 0) / 1e9;
        expect(share).toBeCloseTo(0.5, 1);
      }
    }
  });
});

/** Validators register first, so miners' uids follow theirs. */
function minerOf(record: RoundRecord, index: number): RoundRecord['miners'][number] {
  return [...record.miners].sort((a, b) => a.uid - b.uid)[index]!;
}
