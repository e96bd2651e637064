/**
 * What credit by solo score and by leave-one-out pays, in scenes made of real updates.
 *
 *     npx node bench/credit/run.ts [--series 2] [--work DIR] [--out PATH]
 *
 * Takes the trainings of `bench/copy-detection` (same work directory, made where they are missing), and at round 2 of each series
 * and domain scores every update of a scene, merges those that earned, measures each one's contribution to the merged step on
 * another draw, and credits both. About one CPU-minute a series besides the trainings.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type AcceptedUpdate,
  type ConsensusScore,
  type ExpertGroup,
  groupCredits,
  type Hotkey,
  type TensorMap,
  type Uid,
} from '@connito/protocol';
import { mergeHonest, type TrainedRound, trainRound, VARIANTS } from '../copy-detection/trainings.ts';
import { LocalExam } from '../support/local-exam.ts';
import { LocalRun } from '../support/local-run.ts';
import { describeMachine } from '../support/machine.ts';
import { type CreditResult, MARGINAL_WEIGHTS, type Measured, markdown } from './report.ts';
import { SCENES, type Scene } from './scenes.ts';

const ROUND = 2;
const MINERS = 4;

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    series: { type: 'string', default: '2' },
    work: { type: 'string', default: join(tmpdir(), 'connito-bench-copies') },
    out: { type: 'string' },
  },
});
const folder = await mkdtemp(join(tmpdir(), 'connito-credit-'));
const first = await LocalRun.create(options.model, folder, 1, { miners: MINERS });
const measured: Measured[] = [];
for (let series = 0; series < Number(options.series); series++) {
  const run = await first.restarted(series);
  let before = new Map() as Awaited<ReturnType<typeof trainRound>>;
  for (let round = 0; round <= ROUND; round++) {
    const variants = round === ROUND ? VARIANTS : [];
    const trained = await trainRound(run, series, join(options.work, 'trainings'), variants);
    if (round < ROUND) await mergeHonest(run, trained);
    else measured.push(...(await measureSeries(run, series, trained, before)));
    before = trained;
  }
}
await first.session.stop();
await rm(folder, { recursive: true });

const date = new Date().toISOString().slice(0, 10);
const result: CreditResult = { date, machine: await describeMachine(), measured };
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const out = options.out ?? at(`../results/${date}-credit`);
await writeFile(`${out}.json`, `${JSON.stringify(result, null, 1)}\n`);
await writeFile(`${out}.md`, markdown(result));
console.log(markdown(result));

type Rounds = ReadonlyMap<string, TrainedRound>;

async function measureSeries(
  run: LocalRun,
  series: number,
  now: Rounds,
  before: Rounds,
): Promise<Measured[]> {
  const scores = new Map<TensorMap, number>();
  const scenes = run.definition.groups.flatMap((group) =>
    SCENES.map((scene) => {
      const entries = scene.entries({ now: now.get(group.id)!, before: before.get(group.id)! });
      return { group, scene, entries };
    }),
  );
  const solo = await LocalExam.open(run, `credit/solo/${series}`);
  for (const { group, entries } of scenes) {
    for (const { delta } of entries) {
      if (scores.has(delta)) continue;
      const score = await solo.score(group, delta);
      scores.set(delta, score.kind === 'scored' ? score.scoreNanoNats : 0);
    }
  }
  await solo.close();

  const results: Measured[] = [];
  const merged = await LocalExam.open(run, `credit/merge/${series}`);
  for (const { group, scene, entries } of scenes) {
    const accepted = entries.flatMap(({ delta }, uid): AcceptedUpdate[] => {
      const scoreNanoNats = scores.get(delta)!;
      return scoreNanoNats > 0 ? [{ uid: uid as Uid, scoreNanoNats, delta }] : [];
    });
    const contributions = accepted.length > 1 ? await merged.leaveOneOut(group, accepted) : [];
    const contributed = new Map(contributions.map((own) => [own.uid, own.contributionNanoNats]));
    const rows = entries.map(({ party, delta }, uid) => ({
      party,
      scoreNanoNats: scores.get(delta)!,
      contributionNanoNats: contributed.get(uid as Uid) ?? null,
    }));
    results.push({ series, domain: group.domain, scene: scene.name, rows, paid: paid(group, scene, rows) });
    process.stderr.write(`series ${series}, ${group.id}: ${scene.name}\n`);
  }
  await merged.close();
  return results;
}

/** Part of the group's credit that the scene's party gets, at each marginal share. */
function paid({ id }: ExpertGroup, { about }: Scene, rows: Measured['rows']): number[] {
  const scores = rows.map(
    ({ scoreNanoNats }, uid): ConsensusScore => ({
      ...{ uid: uid as Uid, hotkey: `${uid}` as Hotkey, group: id, scoreNanoNats },
      ...{ reason: scoreNanoNats > 0 ? null : 'no_gain', duplicateOf: null, judgedStake: 1n },
    }),
  );
  const contributions = new Map(
    rows.flatMap(({ contributionNanoNats: own }, uid) => (own === null ? [] : [[uid as Uid, own] as const])),
  );
  return MARGINAL_WEIGHTS.map((marginalWeight) => {
    const emission = { burnUid: null, marginalWeight };
    const credits = groupCredits(scores, contributions, { emission }).get(id);
    return rows.reduce(
      (sum, { party }, uid) => sum + (party === about ? (credits?.get(uid as Uid) ?? 0) : 0),
      0,
    );
  });
}
