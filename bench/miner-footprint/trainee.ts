/** One training process, measured from inside: `node trainee.ts JOB.json` prints its footprint as a line of JSON. */
import {
  adamWState,
  adamWStep,
  type Backend,
  elementCount,
  floats,
  globalNorm,
  onnxBackend,
} from '@connito/engine';
import { GradientPass, innerSteps, loadCheckpoint, type Parameters } from '@connito/model';
import { peakResidentMebibytes, residentMebibytes } from '../support/machine.ts';
import { summarize } from '../support/statistics.ts';
import { type Footprint, readJob } from './job.ts';
import { sentBytes } from './sent-bytes.ts';

const OPTIMIZER = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, warmupSteps: 2, clipNorm: 1 };
/** Steps left out of the median. */
const WARMUP_STEPS = 2;

const job = await readJob(process.argv[2]!);
const started = await residentMebibytes();
const { config, parameters } = await loadCheckpoint(job.model);
const loaded = await residentMebibytes();

let activations = 0;
const trained = new Set(job.trained);
const pass = await GradientPass.create(countingBackend(onnxBackend({ threads: job.threads })), config, {
  shape: { sequences: job.sequences, tokens: job.tokens },
  trained,
  rematerialization: job.rematerialization,
  balanceWeight: 0,
});
const compiled = await residentMebibytes();

const optimizer = { ...OPTIMIZER, learningRate: job.learningRate };
const batches = job.batches.map((ids) => Int32Array.from(ids));
const isDense = trained.size === parameters.size;
const { losses, stepMs, delta } = isDense ? await trainInPlace() : await trainGroup();
const peak = await peakResidentMebibytes();

const count = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + elementCount(parameters.get(name)!.shape), 0);
const footprint: Footprint = {
  stepMs: summarize(stepMs.slice(WARMUP_STEPS)),
  losses,
  resident: { started, loaded, compiled, peak },
  bytes: {
    parameters: 4 * count(parameters.keys()),
    trainedCopy: isDense ? 0 : 4 * count(trained),
    gradients: 4 * count(trained),
    moments: 8 * count(trained),
    activations: activations / batches.length,
  },
  sent: job.encode && delta !== null ? await sentBytes(delta) : null,
};
console.log(JSON.stringify(footprint));

type Trained = {
  readonly losses: readonly number[];
  readonly stepMs: readonly number[];
  readonly delta: Parameters | null;
};

/** The inner steps of a miner. */
async function trainGroup(): Promise<Trained> {
  const stepMs: number[] = [];
  let last = performance.now();
  const result = await innerSteps(pass, parameters, batches, optimizer, () => {
    stepMs.push(performance.now() - last);
    last = performance.now();
  });
  return { losses: result.losses, stepMs, delta: result.delta };
}

/** Dense training at its leanest: the same optimiser and clipping, in place, with no copy and no delta. */
async function trainInPlace(): Promise<Trained> {
  const states = new Map([...trained].map((name) => [name, adamWState(parameters.get(name)!.data.length)]));
  const stepMs: number[] = [];
  const losses: number[] = [];
  for (const [i, batch] of batches.entries()) {
    const start = performance.now();
    const { loss } = await pass.run(parameters, shifted(batch, 0), shifted(batch, 1));
    const norm = globalNorm([...pass.gradients.values()].map(floats));
    const scale = norm > optimizer.clipNorm ? optimizer.clipNorm / norm : 1;
    const warmup = Math.min(1, (i + 1) / optimizer.warmupSteps);
    const settings = { ...optimizer, learningRate: optimizer.learningRate * warmup };
    for (const [name, state] of states) {
      adamWStep(
        floats(parameters.get(name)!),
        floats(pass.gradients.get(name)!),
        state,
        i + 1,
        settings,
        scale,
      );
    }
    losses.push(loss);
    stepMs.push(performance.now() - start);
  }
  return { losses, stepMs, delta: null };
}

function shifted(batch: Int32Array, by: number): Int32Array {
  const { sequences, tokens } = job;
  const ids = new Int32Array(sequences * tokens);
  for (let row = 0; row < sequences; row++) {
    const start = row * (tokens + 1) + by;
    ids.set(batch.subarray(start, start + tokens), row * tokens);
  }
  return ids;
}

/** Counts what layers' forward graphs return. */
function countingBackend(backend: Backend): Backend {
  return {
    name: backend.name,
    async compile(graph) {
      const executable = await backend.compile(graph);
      if (!graph.outputs.has('y')) return executable;
      return {
        ...executable,
        async run(feeds, into) {
          const results = await executable.run(feeds, into);
          for (const result of Object.values(results)) activations += result.data.byteLength;
          return results;
        },
      };
    },
  };
}
