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
import {
  expertParameterNames,
  loadCheckpoint,
  loadTokenizer,
  type ModelConfig,
  parameterCount,
  prepareCorpora,
  selectExperts,
  spreadSequences,
  startModelHost,
  trainingBatches,
} from '@connito/model';
import { describeMachine, otherLoad } from '../support/machine.ts';
import { median } from '../support/statistics.ts';
import type { Footprint, Job, Rematerialization, Scope } from './job.ts';
import { writeJob } from './job.ts';
import { type FootprintResult, type Measured, markdown } from './report.ts';

const DOMAIN = 'law';
const SEQUENCES = 8;
const LENGTHS = [128, 256];
/** Inner steps of a round, as the local network's. */
const STEPS = 12;
const LEARNING_RATE = 0.002;
const PROFILED_SEQUENCES = 48;

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    threads: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '3' },
    out: { type: 'string' },
  },
});
const { model } = options;
const threads = Number(options.threads);
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const { config, parameters } = await loadCheckpoint(model);
const tokenizer = await loadTokenizer(join(model, 'tokenizer.json'));
const [prepared] = await prepareCorpora({ tokenizer, domains: [DOMAIN], parts: ['adapt'] });
const { shard } = prepared!;
const group = await chooseGroup(config);
const names: Readonly<Record<Scope, readonly string[]>> = {
  dense: [...parameters.keys()],
  group: expertParameterNames(group),
};

const folder = await mkdtemp(join(tmpdir(), 'connito-footprint-'));
const measured: Measured[] = [];
const load = [];
for (const tokens of LENGTHS) {
  const stream = trainingBatches(shard, [...Array(shard.offsets.length - 1).keys()], {
    sequencesPerStep: SEQUENCES,
    sequenceTokens: tokens,
    seed: 'footprint',
  });
  const batches = Array.from({ length: STEPS }, () => [...stream.next().value]);
  const runs = new Map<string, Footprint[]>();
  for (let repeat = 0; repeat < Number(options.repeats); repeat++) {
    load.push(await otherLoad());
    for (const scope of ['dense', 'group'] as const) {
      for (const rematerialization of ['keep', 'recompute'] as const) {
        const footprint = await train(scope, rematerialization, tokens, batches);
        const key = `${scope} ${rematerialization}`;
        runs.set(key, [...(runs.get(key) ?? []), footprint]);
        const { resident, stepMs } = footprint;
        console.error(
          `${tokens} ${key}: peak ${resident.peak.toFixed(0)} MiB, ${stepMs.median.toFixed(0)} ms a step`,
        );
      }
    }
  }
  for (const [key, repeats] of runs) {
    const [scope, rematerialization] = key.split(' ') as [Scope, Rematerialization];
    // The run with the median peak stands for all; every run is kept.
    const peak = median(repeats.map((run) => run.resident.peak));
    const nearest = repeats.toSorted(
      (a, b) => Math.abs(a.resident.peak - peak) - Math.abs(b.resident.peak - peak),
    )[0]!;
    measured.push({ scope, rematerialization, tokens, typical: nearest, repeats });
  }
}
await rm(folder, { recursive: true });

const result: FootprintResult = {
  benchmark: 'miner-footprint',
  date: new Date().toISOString(),
  machine: await describeMachine(),
  model: basename(model),
  config,
  parameters: parameterCount(config),
  threads,
  sequences: SEQUENCES,
  steps: STEPS,
  domain: DOMAIN,
  group: Object.fromEntries([...group].sort(([a], [b]) => a - b)),
  load,
  measured,
};
const base = options.out ?? at(`../results/${result.date.slice(0, 10)}-miner-footprint`);
await writeFile(`${base}.json`, `${JSON.stringify(result, null, 1)}\n`);
await writeFile(`${base}.md`, markdown(result));
console.log(markdown(result));

async function chooseGroup({ layers, experts }: ModelConfig) {
  const { host, stop } = startModelHost(threads);
  try {
    await host.open(model);
    const { gate } = await host.profile(spreadSequences(shard, LENGTHS[0]!, PROFILED_SEQUENCES));
    const upperHalf = [...Array(layers).keys()].slice(Math.floor(layers / 2));
    return selectExperts(gate, { share: 1, maxPerLayer: Math.ceil(experts / 4), layers: upperHalf });
  } finally {
    await stop();
  }
}

async function train(
  scope: Scope,
  rematerialization: Rematerialization,
  tokens: number,
  batches: Job['batches'],
): Promise<Footprint> {
  const path = join(folder, 'job.json');
  const trained = names[scope];
  const encode = scope === 'group';
  const learningRate = LEARNING_RATE;
  await writeJob(path, {
    model,
    trained,
    sequences: SEQUENCES,
    tokens,
    batches,
    rematerialization,
    threads,
    learningRate,
    encode,
  });
  const { stdout } = await promisify(execFile)(process.execPath, [at('trainee.ts'), path]);
  return JSON.parse(stdout) as Footprint;
}
