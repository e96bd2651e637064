/**
 * Where a training step's time goes, by operator, as ONNX Runtime's own profile tells.
 *
 *     node bench/training-step/profile.ts --variant whole --dump DIR --threads 2 --steps 5
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Backend, type Executable, onnxBackend } from '@connito/engine';
import { type Dump, readDump } from './dump.ts';
import { createTrainer, isVariant, type Variant } from './variants.ts';

export type OperatorTime = {
  readonly operator: string;
  readonly msPerStep: number;
  readonly callsPerStep: number;
  /** Of the time of all operators. */
  readonly share: number;
};

export type StepProfile = {
  readonly variant: Variant;
  /** A step as seen from JavaScript, profiling included. */
  readonly stepMs: number;
  /** Of it, the optimiser in JavaScript, copies of results and calls: what no operator accounts for. */
  readonly outsideMs: number;
  readonly operators: readonly OperatorTime[];
};

type ProfileEvent = {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
};

export async function profileVariant(
  variant: Variant,
  dump: Dump,
  threads: number,
  steps: number,
): Promise<StepProfile> {
  const folder = await mkdtemp(join(tmpdir(), 'connito-profile-'));
  const onnx = onnxBackend({ threads, profilePrefix: join(folder, 'graph') });
  const executables: Executable[] = [];
  const backend: Backend = {
    name: onnx.name,
    async compile(graph) {
      const made = await onnx.compile(graph);
      executables.push(made);
      return made;
    },
  };
  try {
    const trainer = await createTrainer(variant, dump, backend);
    await trainer.step(); // The first step allocates.
    const start = performance.now();
    for (let i = 0; i < steps; i++) await trainer.step();
    const stepMs = (performance.now() - start) / steps;
    for (const executable of executables) await executable.dispose();

    const times = new Map<string, { us: number; calls: number }>();
    for (const file of await readdir(folder)) {
      const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[];
      const kernels = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
      // Every step runs the same nodes, so the first step is the first part.
      for (const { dur, args } of kernels.slice(kernels.length / (steps + 1))) {
        if (args?.op_name === undefined) continue;
        const sum = times.get(args.op_name) ?? { us: 0, calls: 0 };
        times.set(args.op_name, { us: sum.us + dur, calls: sum.calls + 1 });
      }
    }
    const total = [...times.values()].reduce((sum, { us }) => sum + us, 0);
    const operators = [...times]
      .map(([operator, { us, calls }]) => ({
        operator,
        msPerStep: us / 1000 / steps,
        callsPerStep: calls / steps,
        share: us / total,
      }))
      .sort((a, b) => b.msPerStep - a.msPerStep);
    return { variant, stepMs, outsideMs: stepMs - total / 1000 / steps, operators };
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const { values: options } = parseArgs({
    options: {
      variant: { type: 'string', default: 'whole' },
      dump: { type: 'string' },
      threads: { type: 'string', default: '2' },
      steps: { type: 'string', default: '5' },
    },
  });
  if (options.dump === undefined || !isVariant(options.variant))
    throw new Error('--dump DIR and a known --variant');
  const profile = await profileVariant(
    options.variant,
    await readDump(options.dump),
    Number(options.threads),
    Number(options.steps),
  );
  console.log(
    `${profile.stepMs.toFixed(1)} ms a step, ${profile.outsideMs.toFixed(1)} ms of it outside of operators`,
  );
  for (const { operator, msPerStep, callsPerStep, share } of profile.operators) {
    console.log(
      `${operator.padEnd(32)}${msPerStep.toFixed(2).padStart(9)} ms ${(share * 100).toFixed(1).padStart(5)} % ${callsPerStep} calls`,
    );
  }
}
