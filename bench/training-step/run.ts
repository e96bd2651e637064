/**
 * The training step of `tools/reference/torch_training_step.py` by our engine and by PyTorch, in turns.
 *
 *     npx node bench/training-step/run.ts --python PYTHON [--steps 5] [--blocks 12] [--threads 2]
 *
 * Every variant is a process of its own; one computes, the others wait. All start from PyTorch's weights and tokens. The first
 * twenty steps are the check (losses within 1e-4 of PyTorch's) and the warm-up, then blocks of steps alternate in rotating
 * order. Exits with 1 if a loss is off.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine, otherLoad } from '../support/machine.ts';
import { summarize } from '../support/statistics.ts';
import { readDump } from './dump.ts';
import { profileVariant } from './profile.ts';
import { StepWorker } from './protocol.ts';
import { type Contestant, markdown, type TrainingStepResult } from './report.ts';
import { VARIANTS } from './variants.ts';

const CHECKED_STEPS = 20;
const LOSS_TOLERANCE = 1e-4;
/** Lets the threads of the last variant stop spinning before the next one is timed. */
const PAUSE_MS = 500;
const PROFILED_STEPS = 5;

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    steps: { type: 'string', default: '5' },
    blocks: { type: 'string', default: '12' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string' },
  },
});
if (options.python === undefined) throw new Error('--python PATH: an interpreter that can import torch');
const [steps, blocks, threads] = [options.steps, options.blocks, options.threads].map(Number) as [
  number,
  number,
  number,
];
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = options.python;
const folder = await mkdtemp(join(tmpdir(), 'connito-training-step-'));

const torch = (attention: string, ...more: string[]): Promise<StepWorker> => {
  const script = at('../../tools/reference/torch_training_step.py');
  const args = ['--threads', `${threads}`, '--attention', attention, '--interactive', ...more];
  return StepWorker.start(python, [script, ...args]);
};
const workers = new Map<string, StepWorker>();
workers.set('torch-eager', await torch('eager', '--dump', folder));
workers.set('torch-fused', await torch('fused'));
for (const variant of VARIANTS) {
  const args = [at('worker.ts'), '--variant', variant, '--dump', folder, '--threads', `${threads}`];
  workers.set(variant, await StepWorker.start(process.execPath, args));
}

const samples = new Map<string, number[][]>();
const peaks = new Map<string, number>();
const lossDifferences = new Map<string, number>();
const checkedLosses = new Map<string, readonly number[]>();
let reference: readonly number[] = [];
for (const [name, worker] of workers) {
  const { losses } = await worker.step(CHECKED_STEPS);
  if (name === 'torch-eager') reference = losses;
  lossDifferences.set(name, Math.max(...losses.map((loss, i) => Math.abs(loss - reference[i]!))));
  samples.set(name, []);
  checkedLosses.set(name, losses);
  console.error(`${name}: losses within ${lossDifferences.get(name)!.toExponential(1)} of eager PyTorch's`);
}

const load: TrainingStepResult['load'][number][] = [];
const names = [...workers.keys()];
for (let block = 0; block < blocks; block++) {
  load.push(await otherLoad());
  for (let i = 0; i < names.length; i++) {
    const name = names[(block + i) % names.length]!;
    await sleep(PAUSE_MS);
    const { ms, peakResidentMiB } = await workers.get(name)!.step(steps);
    samples.get(name)!.push([...ms]);
    peaks.set(name, peakResidentMiB);
  }
  const line = names.map((name) => `${name} ${summarize(samples.get(name)!.at(-1)!).median.toFixed(0)}`);
  console.error(
    `block ${block + 1}: ms ${line.join(', ')}; busy: ${load.at(-1)!.busy.join(', ') || 'nothing else'}`,
  );
}

const eagerBlocks = samples.get('torch-eager')!.map((ms) => summarize(ms).median);
const contestants: Contestant[] = names.map((name) => {
  const blockMedians = samples.get(name)!.map((ms) => summarize(ms).median);
  return {
    name,
    stepMs: summarize(samples.get(name)!.flat()),
    blockMedianMs: blockMedians,
    speedAgainstEager: summarize(blockMedians.map((ms, i) => eagerBlocks[i]! / ms)),
    largestLossDifference: lossDifferences.get(name)!,
    checkedLosses: checkedLosses.get(name)!,
    peakResidentMiB: peaks.get(name)!,
    ready: workers.get(name)!.ready,
    rawStepMs: samples.get(name)!,
  };
});
for (const worker of workers.values()) await worker.stop();

const dump = await readDump(folder);
const result: TrainingStepResult = {
  benchmark: 'training-step',
  date: new Date().toISOString(),
  machine: await describeMachine(),
  shape: dump.shape,
  threads,
  stepsPerBlock: steps,
  blocks,
  checkedSteps: CHECKED_STEPS,
  lossTolerance: LOSS_TOLERANCE,
  referenceLosses: reference,
  load,
  contestants,
  profiles: [
    await profileVariant('whole-adamw', dump, threads, PROFILED_STEPS),
    await profileVariant('layers-keep', dump, threads, PROFILED_STEPS),
  ],
};
await rm(folder, { recursive: true });

const base = options.out ?? at(`../results/${result.date.slice(0, 10)}-training-step`);
await writeFile(`${base}.json`, `${JSON.stringify(result, null, 1)}\n`);
await writeFile(`${base}.md`, markdown(result));
console.log(markdown(result));
const wrong = contestants.filter(({ largestLossDifference }) => !(largestLossDifference <= LOSS_TOLERANCE));
if (wrong.length > 0) {
  console.error(
    `losses further than ${LOSS_TOLERANCE} from PyTorch's: ${wrong.map(({ name }) => name).join(', ')}`,
  );
  process.exitCode = 1;
}
