import type { ModelConfig } from '@connito/model';
import type { Machine } from '../support/machine.ts';
import { median } from '../support/statistics.ts';
import type { Footprint, Rematerialization, Scope } from './job.ts';

export type Measured = {
  readonly scope: Scope;
  readonly rematerialization: Rematerialization;
  readonly tokens: number;
  /** The repeat whose peak is the median. */
  readonly typical: Footprint;
  readonly repeats: readonly Footprint[];
};

export type FootprintResult = {
  readonly benchmark: 'miner-footprint';
  readonly date: string;
  readonly machine: Machine;
  readonly model: string;
  readonly config: ModelConfig;
  readonly parameters: number;
  /** Bytes of the whole model's delta in the codec that miners use for their group's. */
  readonly denseInt8Bytes: number;
  readonly threads: number;
  readonly sequences: number;
  readonly steps: number;
  readonly domain: string;
  readonly group: Readonly<Record<string, readonly number[]>>;
  readonly load: readonly { readonly loadAverage: number; readonly busy: readonly string[] }[];
  readonly measured: readonly Measured[];
};

/** The repeat whose peak is nearest to the median peak. */
export function typicalOf(repeats: readonly Footprint[]): Footprint {
  const middle = median(repeats.map(({ resident }) => resident.peak));
  const distance = ({ resident }: Footprint): number => Math.abs(resident.peak - middle);
  return repeats.toSorted((a, b) => distance(a) - distance(b))[0]!;
}

const MIB = 2 ** 20;
const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
const percent = (part: number, whole: number): string => `${((1 - part / whole) * 100).toFixed(1)} %`;

/** The figures as Markdown; what they mean is written below them by hand. */
export function markdown(result: FootprintResult): string {
  const { machine, measured, parameters } = result;
  const busy = new Set(result.load.flatMap((sample) => sample.busy));
  const lengths = [...new Set(measured.map(({ tokens }) => tokens))];
  const memory = lengths.map((tokens) => {
    const columns = measured.filter((each) => each.tokens === tokens);
    const row = (name: string, cell: (each: Measured) => string): string =>
      `| ${name} | ${columns.map(cell).join(' | ')} |`;
    const rest = ({ typical: { resident, bytes } }: Measured): number =>
      resident.peak - resident.started - Object.values(bytes).reduce((sum, part) => sum + part, 0) / MIB;
    const dense = columns[0]!.typical;
    const own = ({ typical: { bytes } }: Measured): number =>
      Object.values(bytes).reduce((sum, part) => sum + part, 0);
    return `### Batch ${result.sequences} × ${tokens}

| MiB | ${columns.map((each) => `${each.scope}, ${each.rematerialization}`).join(' | ')} |
| --- |${' --- |'.repeat(columns.length)}
${[
  row('parameters', ({ typical }) => mib(typical.bytes.parameters)),
  row('copy of the trained tensors', ({ typical }) => mib(typical.bytes.trainedCopy)),
  row('gradients', ({ typical }) => mib(typical.bytes.gradients)),
  row('optimiser moments', ({ typical }) => mib(typical.bytes.moments)),
  row('activations held for the backward pass', ({ typical }) => mib(typical.bytes.activations)),
  row('sum of these', (each) => mib(own(each))),
  row('less than dense, keep', (each) => percent(own(each), own(columns[0]!))),
  row('runtime before the model is loaded', ({ typical }) => typical.resident.started.toFixed(0)),
  row('working memory (rest)', (each) => rest(each).toFixed(0)),
  row('**peak resident**', ({ typical }) => `**${typical.resident.peak.toFixed(0)}**`),
  row('range over repeats', ({ repeats }) => {
    const peaks = repeats.map((run) => run.resident.peak);
    return `${Math.min(...peaks).toFixed(0)}–${Math.max(...peaks).toFixed(0)}`;
  }),
  row('less than dense, keep', ({ typical }) => percent(typical.resident.peak, dense.resident.peak)),
  row('ms a step (median of steps, of the runs with the median peak)', ({ typical }) =>
    typical.stepMs.median.toFixed(0),
  ),
  row('time less than dense, keep', ({ typical }) => percent(typical.stepMs.median, dense.stepMs.median)),
].join('\n')}
`;
  });
  const { sent, bytes } = measured.find(({ scope }) => scope === 'group')!.typical;
  const ours = sent!.bundle + sent!.reveal + sent!.notes;
  const trained = bytes.gradients / 4;
  const sending = (name: string, size: number): string => `| ${name} | ${size} | ${percent(ours, size)} |`;
  return `# A miner's footprint, ${result.date.slice(0, 10)}

${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}, ${result.threads} threads.

Model \`${result.model}\`: ${parameters} parameters, ${result.config.layers} layers, width ${result.config.hiddenSize}, ${result.config.experts} experts of which ${result.config.expertsPerToken} answer, vocabulary ${result.config.vocabularySize}. The group trains experts ${Object.entries(
    result.group,
  )
    .map(([layer, experts]) => `${experts.join(', ')} of layer ${layer}`)
    .join(' and ')}: ${trained} parameters, ${((trained / parameters) * 100).toFixed(1)} % of the model.

${result.steps} AdamW steps on the same batches of \`${result.domain}\` text, each measurement in a process of its own, ${measured[0]!.repeats.length} repeats; the repeat with the median peak is shown. Peak is the kernel's VmHWM of the training process. Arrays are counted; the rest is what the peak leaves. Dense trains in place, the group with the miner's inner steps. Seen busy besides: ${busy.size === 0 ? 'nothing' : [...busy].join(', ')}.

## Memory and time

${memory.join('\n')}
## Bytes a miner sends in one round

Ours: bundle ${sent!.bundle} (int8), reveal document ${sent!.reveal}, two ledger notes ${sent!.notes}: **${ours} bytes**.

| instead | bytes | ours is less by |
| --- | --- | --- |
${[
  sending('delta of the whole model once a round, fp32', parameters * 4),
  sending('delta of the whole model once a round, fp16', parameters * 2),
  sending("delta of the whole model once a round, miners' int8 codec", result.denseInt8Bytes),
  sending(
    `gradients of the whole model every step, fp32, ${result.steps} steps`,
    parameters * 4 * result.steps,
  ),
  sending("the group's delta, fp16", trained * 2),
].join('\n')}
`;
}
