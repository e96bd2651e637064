import type { Machine } from '../support/machine.ts';
import type { Summary } from '../support/statistics.ts';
import type { StepShape } from './dump.ts';
import type { StepProfile } from './profile.ts';

export type Contestant = {
  readonly name: string;
  readonly stepMs: Summary;
  readonly blockMedianMs: readonly number[];
  /** Eager PyTorch's median of a block divided by ours of the same block, over the blocks. */
  readonly speedAgainstEager: Summary;
  /** From eager PyTorch's losses, in nats, over the checked steps. */
  readonly largestLossDifference: number;
  /** Loss of each checked step, in nats. */
  readonly checkedLosses: readonly number[];
  readonly peakResidentMiB: number;
  /** What the worker said of itself when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Every timed step, `[block][step]`. */
  readonly rawStepMs: readonly (readonly number[])[];
};

export type TrainingStepResult = {
  readonly benchmark: 'training-step';
  readonly date: string;
  readonly machine: Machine;
  readonly shape: StepShape;
  readonly threads: number;
  readonly stepsPerBlock: number;
  readonly blocks: number;
  readonly checkedSteps: number;
  readonly lossTolerance: number;
  readonly referenceLosses: readonly number[];
  readonly load: readonly { readonly loadAverage: number; readonly busy: readonly string[] }[];
  readonly contestants: readonly Contestant[];
  readonly profiles: readonly StepProfile[];
};

const LABELS: Readonly<Record<string, string>> = {
  'torch-eager': 'PyTorch, eager attention',
  'torch-fused': 'PyTorch, fused attention',
  whole: 'whole model one graph, AdamW in JavaScript',
  'whole-adamw': 'whole model one graph, AdamW in it',
  'layers-keep': 'a graph per layer, intermediates kept',
  'layers-recompute': 'a graph per layer, recomputed',
};

const range = ({ median, min, max }: Summary, digits: number): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;

/** The figures as Markdown; what they mean is written below them by hand. */
export function markdown(result: TrainingStepResult): string {
  const { machine, shape, contestants } = result;
  const tokens = shape.batch * shape.positions;
  const torch = contestants[0]!.ready;
  const busy = new Set(result.load.flatMap((sample) => sample.busy));
  const rows = contestants.map(
    ({ name, stepMs, speedAgainstEager, largestLossDifference, peakResidentMiB }) =>
      `| ${LABELS[name] ?? name} | ${range(stepMs, 0)} | ${((tokens / stepMs.median) * 1000).toFixed(0)} | ${range(speedAgainstEager, 2)} | ${largestLossDifference.toExponential(1)} | ${peakResidentMiB.toFixed(0)} |`,
  );
  const profiles = result.profiles.map((profile) => {
    const operators = profile.operators
      .slice(0, 14)
      .map(
        ({ operator, msPerStep, share, callsPerStep }) =>
          `| ${operator} | ${msPerStep.toFixed(1)} | ${(share * 100).toFixed(1)} % | ${callsPerStep} |`,
      );
    return `### ${LABELS[profile.variant]}

A step took ${profile.stepMs.toFixed(0)} ms with profiling on, ${profile.outsideMs.toFixed(0)} ms of it outside of operators.

| operator | ms a step | share | calls |
| --- | --- | --- | --- |
${operators.join('\n')}
`;
  });
  return `# Training step, ${result.date.slice(0, 10)}

${machine.cpu}, ${machine.cores} cores (${machine.instructionSets.join(', ')}), ${machine.memoryGiB} GiB; Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}, PyTorch ${torch.torch}, Python ${torch.python}.

${shape.layers} layers, width ${shape.width}, ${shape.heads} heads, ${shape.experts} experts of which ${shape.expertsPerToken} answer, vocabulary ${shape.vocabulary}, batch ${shape.batch} × ${shape.positions}; experts ${shape.trainedExperts.join(' and ')} of each layer are trained by AdamW. ${result.threads} threads.

Every variant is a process of its own, all from the same weights and tokens. ${result.checkedSteps} steps check the losses and warm up; then ${result.blocks} blocks of ${result.stepsPerBlock} steps alternate in rotating order, only one process computing at a time. Speed is eager PyTorch's median of a block divided by the variant's of the same block: median and range over the blocks. Seen busy besides: ${busy.size === 0 ? 'nothing' : [...busy].join(', ')}.

| variant | ms a step, median (range) | tok/s | speed against eager PyTorch | largest loss difference | peak resident MiB |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

## Where the time goes

${profiles.join('\n')}`;
}
