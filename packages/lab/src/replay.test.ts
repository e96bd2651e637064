import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Archive, exportRounds, type PublicRecord, Replay, type RoundReplay } from '@connito/replay';
import { flippableArtifacts } from '@connito/replay/testing';
import type { ValidatorStrategy } from '@connito/validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copycat } from './miners/copycat.ts';
import { overflow } from './miners/overflow.ts';
import { late, miner, neverRevealing } from './miners/submitting.ts';
import { LocalNetwork } from './network/local-network.ts';
import { SharedModel } from './shared-model.ts';
import { createTinyRun } from './tiny-run.ts';
import { favouring, validator, withholding, wrongState } from './validators/lying.ts';

const TOKENIZER = fileURLToPath(new URL('../../../models/foundation/tokenizer.json', import.meta.url));
const ROUNDS = 2;
const FAVOURING = 4;
const WITHHOLDING = 5;
const WRONG_STATE = 6;
const { signal } = new AbortController();

describe('the public record of a network with hostile miners and validators', () => {
  let folder: string;
  let record: PublicRecord;
  let replayed: RoundReplay[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-replay-'));
    const { definition, store, modelFolder } = await createTinyRun(folder, TOKENIZER, ['code', 'math']);
    const model = await SharedModel.open({ definition, store }, { modelFolder, threads: 1 });
    const honest = validator();
    const network = await LocalNetwork.start(
      {
        ...{ folder, definition, reportWaitMs: 100 },
        validators: [
          ...[honest, honest, honest, honest],
          validator(favouring(({ facts }) => facts.miners[0]!.uid)),
          validator(withholding),
          validator(wrongState),
        ],
        miners: [
          ...[miner(), miner(), miner(), miner(copycat())],
          ...[miner(overflow()), neverRevealing(), late('reveal', 'evaluate')],
        ],
        openSession: async () => model.session(),
      },
      store,
    );
    for (let round = 0; round < ROUNDS; round++) await network.round(round);
    record = { definition, extract: network.extract(ROUNDS - 1), store, modelFolder, isComplete: true };
    await network.stop();
    await model.stop();
    replayed = await replayOf(record, true);
  }, 600_000);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('is as the protocol gives it, in every round, and states are recomputed', () => {
    expect(replayed.map(({ round }) => round)).toEqual([0, 1]);
    for (const { differences, outcome, state } of replayed) {
      expect(differences).toEqual([]);
      expect(outcome).toBe('canonical');
      expect(state).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test('has losses that this build measures again bit for bit', () => {
    for (const { losses } of replayed) {
      if (losses.kind !== 'measured') throw new Error('nothing was measured');
      expect(losses.compared).toBeGreaterThan(300);
      expect(losses.exact).toBe(losses.compared);
    }
  });

  test('convicts every hostile validator of what it did, and no other', () => {
    const found = replayed[1]!.findings.map(
      ({ validator: { uid }, artefact, field }) => `${uid} ${artefact} ${field}`,
    );
    const uids = new Set(replayed.flatMap(({ findings }) => findings.map(({ validator: { uid } }) => uid)));
    expect([...uids].sort()).toEqual([FAVOURING, WITHHOLDING, WRONG_STATE]);
    expect(found.some((line) => line.startsWith(`${FAVOURING} report of uid ${FAVOURING} outcomes.7`))).toBe(
      true,
    );
    expect(found).toContain(`${FAVOURING} chain weights of uid ${FAVOURING} weights`);
    expect(found).toContain(`${WITHHOLDING} report of uid ${WITHHOLDING} bytes`);
    expect(found).toContain(`${WRONG_STATE} state note of uid ${WRONG_STATE} state`);
  });

  test('fits into an archive that a machine without any of it verifies', async () => {
    const path = join(folder, 'rounds.tar');
    const exported = await exportRounds(
      record,
      { path, firstRound: 1, lastRound: 1, includesModel: true },
      signal,
    );
    expect(exported.differences).toEqual([]);
    await using archive = await Archive.open(path);
    expect(archive.index).toMatchObject({ firstRound: 1, lastRound: 1 });
    expect(await archive.damage(signal)).toEqual([]);
    await using model = await archive.unpackModel();
    const [round] = await replayOf(await archive.record(model.folder), true, 1);
    expect(round).toEqual(replayed[1]);
  });

  test('differs with a byte of any kind of artifact flipped', async () => {
    const artifacts = await flippableArtifacts(record, 1);
    const kinds = new Map(artifacts.map((artifact) => [artifact.kind, artifact]));
    expect([...kinds.keys()].sort()).toEqual([
      ...['bundle', 'held-out text', 'ledger extract', 'merge report', 'model file', 'momentum slice'],
      ...['parameters slice', 'pinned text', 'report', 'reveal', 'run definition', 'state document'],
    ]);
    for (const { kind, bytes, withFlip } of kinds.values()) {
      await withFlip(Math.floor(bytes / 3), async (flipped) => {
        // Bytes that cannot even be read are found out too.
        if (flipped === null) return;
        const rounds = await replayOf(flipped, false, 1);
        expect(rounds.flatMap(({ differences }) => differences).length, kind).toBeGreaterThan(0);
      });
    }
  });
});

describe('the public record of a network whose validators mostly lie', () => {
  let folder: string;
  let round: RoundReplay;
  const contradicting: ValidatorStrategy = {
    name: 'contradicting',
    report: async (measure) => {
      const report = await measure();
      const outcomes = report.outcomes.map((outcome) =>
        outcome.kind === 'scored' || outcome.kind === 'futile'
          ? { ...outcome, domain: { ...outcome.domain, meanNanoNats: outcome.domain.meanNanoNats + 1 } }
          : outcome,
      );
      return { ...report, outcomes };
    },
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-replay-'));
    const { definition, store, modelFolder } = await createTinyRun(folder, TOKENIZER, ['code']);
    const model = await SharedModel.open({ definition, store }, { modelFolder, threads: 1 });
    const liar = () => validator(favouring(({ facts }) => facts.miners[0]!.uid));
    const network = await LocalNetwork.start(
      {
        ...{ folder, definition },
        validators: [validator(), liar(), liar(), validator(contradicting)],
        miners: [miner(), miner()],
        openSession: async () => model.session(),
      },
      store,
    );
    await network.round(0);
    const record = { definition, extract: network.extract(0), store, modelFolder, isComplete: true };
    await network.stop();
    await model.stop();
    [round] = (await replayOf(record, true)) as [RoundReplay];
  }, 600_000);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('differs in what they agreed on: a majority makes a lie no truth', () => {
    const agreed = round.differences.filter(({ artefact }) => artefact === 'agreed scores');
    expect(agreed.map(({ field }) => field)).toContain('uid 4');
  });

  test('names a report that contradicts itself, which did not count', () => {
    const own = round.findings.filter(({ validator: { uid } }) => uid === 3).map(({ field }) => field);
    expect(own).toEqual(['outcomes.4.domain.meanNanoNats']);
  });
});

/** Replays from a round on; what differs before any round can be replayed is a round of its own. */
async function replayOf(of: PublicRecord, measuresLosses: boolean, firstRound = 0): Promise<RoundReplay[]> {
  const opened = await Replay.open(of, { measuresLosses, threads: 1 });
  if (opened.kind === 'differs') {
    const { differences } = opened;
    const nothing = {
      outcome: 'unknown',
      state: null,
      losses: { kind: 'not_measured' },
      findings: [],
    } as const;
    return [{ round: -1, ...nothing, differences }];
  }
  const { replay } = opened;
  const rounds: RoundReplay[] = [];
  for (let round = firstRound; round <= replay.lastRound; round++)
    rounds.push(await replay.round(round, signal));
  await replay.stop();
  return rounds;
}
