/**
 * What one miner needs, against dense training of the same model: peak resident memory by part, bytes sent, time.
 *
 *     npx node bench/miner-footprint/run.ts [--model models/foundation] [--threads 2] [--repeats 3]
 *
 * Each measurement is a process of its own. The expert group is chosen as a run does it: a quarter of the experts of each layer
 * of the upper half, by how the domain's text is routed. Dense training updates in place, without the copy that a delta needs.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { describeMachine, otherLoad } from '../support/machine.ts';
import { type Footprint, type Job, writeJob } from './job.ts';
import { DOMAIN, planTrainings, SEQUENCES, STEPS } from './plan.ts';
import { type FootprintResult, type Measured, markdown, typicalOf } from './report.ts';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '3' },
    out: { type: 'string' },
  },
});
const threads = Number(options.threads);
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const { trainings, group, ...plan } = await planTrainings(options.model, threads);
const folder = await mkdtemp(join(tmpdir(), 'connito-footprint-'));
const repeats: Footprint[][] = trainings.map(() => []);
const load: FootprintResult['load'][number][] = [];
for (let repeat = 0; repeat < Number(options.repeats); repeat++) {
  load.push(await otherLoad());
  for (const [i, { scope, rematerialization, job }] of trainings.entries()) {
    const footprint = await measure(job);
    repeats[i]!.push(footprint);
    const { resident, stepMs } = footprint;
    const figures = `peak ${resident.peak.toFixed(0)} MiB, ${stepMs.median.toFixed(0)} ms a step`;
    console.error(`${job.sequences} x ${job.tokens} ${scope}, ${rematerialization}: ${figures}`);
  }
}
await rm(folder, { recursive: true });

const result: FootprintResult = {
  benchmark: 'miner-footprint',
  date: new Date().toISOString(),
  machine: await describeMachine(),
  model: basename(options.model),
  ...plan,
  threads,
  sequences: SEQUENCES,
  steps: STEPS,
  domain: DOMAIN,
  group: Object.fromEntries([...group].sort(([a], [b]) => a - b)),
  load,
  measured: trainings.map(({ scope, rematerialization, job }, i): Measured => {
    return {
      scope,
      rematerialization,
      tokens: job.tokens,
      typical: typicalOf(repeats[i]!),
      repeats: repeats[i]!,
    };
  }),
};
const base = options.out ?? at(`../results/${result.date.slice(0, 10)}-miner-footprint`);
await writeFile(`${base}.json`, `${JSON.stringify(result, null, 1)}\n`);
await writeFile(`${base}.md`, markdown(result));
console.log(markdown(result));

async function measure(job: Job): Promise<Footprint> {
  const path = join(folder, 'job.json');
  await writeJob(path, job);
  const { stdout } = await promisify(execFile)(process.execPath, [at('trainee.ts'), path]);
  return JSON.parse(stdout) as Footprint;
}
