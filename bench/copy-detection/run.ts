/**
 * How well copies are told from honest work, and what the rest would earn.
 *
 *     npx node bench/copy-detection/run.ts [--series 4] [--work DIR] [--analyse PATH.json] [--out PATH]
 *
 * Trains real updates on the shipped foundation with the local network's parameters: several series of rounds, three domains,
 * four miners each, the merge of each round as the next one's state. Every training is kept in the work directory, so it can
 * be stopped and started again; about three CPU-minutes a series. Then disguises copies in every way of `disguises.ts`, compares as a validator
 * does, and measures what copies would score. `--analyse` takes the stored comparisons instead, for other thresholds.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { TensorMap } from '@connito/protocol';
import { LOCAL_PARAMETERS } from '@connito/run';
import { LocalRun } from '../support/local-run.ts';
import { describeMachine } from '../support/machine.ts';
import { type Compared, compareRound, type GroupHistory, STATISTICS } from './compare.ts';
import { DISGUISES, noiseLike } from './disguises.ts';
import { type Earning, measureEarnings } from './earnings.ts';
import { plot } from './plot.ts';
import { type CopyResult, markdown } from './report.ts';
import { mergeHonest, type TrainedRound, trainRound, VARIANTS } from './trainings.ts';

const ROUNDS = 5;
const MINERS = 4;
/** All miners as one group, and as two groups of two, as the default network has. */
const GROUPINGS = [
  [0, 1, 2, 3],
  [0, 1],
  [2, 3],
];
const ROUNDS_WITH_COPIES = [1, 2, 4];
const ROUNDS_WITH_VARIANTS = [2, 4];
const ROUND_WITH_EARNINGS = 2;

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    series: { type: 'string', default: '4' },
    work: { type: 'string', default: join(tmpdir(), 'connito-bench-copies') },
    analyse: { type: 'string' },
    out: { type: 'string' },
  },
});
const say = (what: string): void => void process.stderr.write(`${what}\n`);

const measured = options.analyse === undefined ? await measure() : await stored(options.analyse);
const { maxCosine, maxResponseCosine, maxPartialExcess } = LOCAL_PARAMETERS.duplicates;
const result: CopyResult = {
  ...measured,
  thresholds: [maxCosine, maxResponseCosine, maxPartialExcess].map(Number),
};
const out = options.out ?? at(`../results/${result.date}-copy-detection`);
await writeFile(`${out}.json`, encode(result));
await writeFile(`${out}.svg`, plot(result));
await writeFile(`${out}.md`, markdown(result));
console.log(markdown(result));

type Measured = Omit<CopyResult, 'thresholds'>;

async function measure(): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'connito-copies-'));
  const first = await LocalRun.create(options.model, folder, 1, { miners: MINERS });
  const compared: Compared[] = [];
  const earnings: Earning[] = [];
  for (let series = 0; series < Number(options.series); series++) {
    const run = await first.restarted(series);
    const { definition } = run;
    const rounds = new Map<string, (TrainedRound & { readonly base: TensorMap })[]>();
    let histories: GroupHistory[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const variants = ROUNDS_WITH_VARIANTS.includes(round) ? VARIANTS : [];
      const trained = await trainRound(run, series, join(options.work, 'trainings'), variants);
      for (const { id } of definition.groups) {
        const base = run.state.groups.get(id)!.parameters;
        rounds.set(id, [...(rounds.get(id) ?? []), { ...trained.get(id)!, base }]);
      }
      histories = definition.groups.map((group) => {
        const own = rounds.get(group.id)!;
        const noise =
          histories.find((history) => history.group.id === group.id)?.noise ??
          noiseLike(own[0]!.honest[0]!, `${series}/${group.id}`);
        return { series, group, definition, rounds: own, noise };
      });
      const disguises = ROUNDS_WITH_COPIES.includes(round) ? DISGUISES : [];
      for (const history of histories) compared.push(...compareRound(history, round, GROUPINGS, disguises));
      if (round === ROUND_WITH_EARNINGS)
        earnings.push(...(await measureEarnings(run, histories, DISGUISES, say)));
      await mergeHonest(run, trained);
      say(`series ${series}, round ${round}`);
    }
  }
  await first.session.stop();
  await rm(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const { domainSequences, sequenceTokens } = first.definition.scoring;
  return {
    ...{ date, machine: await describeMachine(), series: Number(options.series) },
    exam: { sequences: domainSequences, tokens: sequenceTokens },
    ...{ compared, earnings },
  };
}

/** One work a line: kind, origin, series, domain, round, miners, works, and the statistics. */
function encode({ compared, earnings, ...rest }: CopyResult): string {
  const rows = compared.map(({ kind, from, series, domain, round, miners, works, largest }) =>
    JSON.stringify([kind, from, series, domain, round, miners, works, ...largest]),
  );
  const head = JSON.stringify({ ...rest, statistics: STATISTICS });
  const list = (name: string, lines: readonly string[]) => `"${name}":[\n${lines.join(',\n')}\n]`;
  const paid = earnings.map((earning) => JSON.stringify(earning));
  return `${head.slice(0, -1)},\n${list('compared', rows)},\n${list('earnings', paid)}}\n`;
}

async function stored(path: string): Promise<Measured> {
  const { compared, ...rest } = JSON.parse(await readFile(path, 'utf8')) as Omit<Measured, 'compared'> & {
    compared: [string, Compared['from'], number, string, number, number, number, ...number[]][];
  };
  return {
    ...rest,
    compared: compared.map(([kind, from, series, domain, round, miners, works, ...largest]) => ({
      ...{ kind, from, series, domain, round, miners, works, largest },
    })),
  };
}
