/**
 * Has transformers load a composed folder strictly, and compares its next-token distributions and its mean loss with ours. Exits
 * with 1 where a tensor is missing, unexpected or of another shape, or where a probability differs by more than the bound.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { verifyComposition } from '@connito/composition';
import { onnxBackend } from '@connito/engine';
import { loadCheckpoint, loadTokenizer } from '@connito/model';
import { nextTokenDistributions } from '../gguf/distributions.ts';
import { describeMachine } from '../support/machine.ts';

const MAX_DIFFERENCE = 1e-4;
const SEQUENCE_TOKENS = 96;
/** Prose, code and law that every clone has. */
const TEXTS = ['docs/understand/protocol.md', 'packages/protocol/src/run/run-definition.ts', 'LICENSE'];
const SEQUENCES_OF_EACH = 4;

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    python: { type: 'string', default: 'tools/reference/.venv/bin/python' },
    threads: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
if (values.model === undefined) throw new RangeError('name a composed folder with --model');

const folder = resolve(values.model);
const manifest = await verifyComposition(folder);
const model = await loadCheckpoint(folder);
const tokenizer = await loadTokenizer(join(folder, 'tokenizer.json'));
const sequences: number[][] = [];
for (const path of TEXTS) {
  const ids = [...tokenizer.encode(await readFile(path, 'utf8'))];
  for (let i = 0; i < SEQUENCES_OF_EACH; i++) {
    const sequence = ids.slice(i * SEQUENCE_TOKENS, (i + 1) * SEQUENCE_TOKENS + 1);
    if (sequence.length > 1) sequences.push(sequence);
  }
}

const { theirs, python } = await askTransformers();
const ours = await nextTokenDistributions(
  onnxBackend({ threads: Number(values.threads) }),
  model,
  sequences.map((sequence) => sequence.slice(0, -1)),
);
const size = model.config.vocabularySize;
let at = 0;
let largest = 0;
let loss = 0;
let tops = 0;
for (const [i, sequence] of sequences.entries()) {
  for (const [position, distribution] of ours[i]!.entries()) {
    const other = theirs.subarray(at * size, (at + 1) * size);
    distribution.forEach((p, token) => {
      const difference = Math.abs(p - other[token]!);
      // A value that is not a number is the largest difference there is.
      largest = difference <= largest ? largest : Number.isNaN(difference) ? Infinity : difference;
    });
    tops += Number(topOf(distribution) === topOf(other));
    loss -= Math.log(distribution[sequence[position + 1]!]!);
    at += 1;
  }
}
if (theirs.length !== at * size)
  throw new RangeError(`transformers gave ${theirs.length / size} distributions, not ${at}`);
loss /= at;

const data = {
  machine: await describeMachine(),
  model: {
    name: manifest?.name ?? null,
    packages: manifest?.packages.map(({ id, placement }) => ({ id, placement })) ?? [],
    router: manifest?.router.method ?? null,
    layers: model.config.layers,
    experts: model.config.experts,
    tensors: model.parameters.size,
  },
  ...python,
  positions: at,
  meanLossOurs: loss,
  largestDifference: largest,
  sameMostLikelyToken: tops,
};
const report = `# A composed folder in transformers, ${new Date().toISOString().slice(0, 10)}

\`npx node bench/composition/strict-load.ts\`: ${data.model.packages.map(({ id, placement }) => `${id} (${placement})`).join(', ')}, router rows
${data.model.router}; ${data.model.layers} layers of ${data.model.experts} experts, ${data.model.tensors} tensors. ${python.architecture} of transformers ${python.transformers}, torch ${python.torch}, loads the
folder with no tensor missing, unexpected or of another shape, and with names and shapes that it would write itself.

| compared at ${at} positions | ours | transformers |
| --- | --- | --- |
| mean loss, nats per token | ${loss.toFixed(6)} | ${python.meanLossNats.toFixed(6)} |
| largest difference of a probability | ${largest.toExponential(2)} | |
| same most likely token | ${tops} | |

The bound is ${MAX_DIFFERENCE}.
`;
process.stdout.write(report);
if (values.out !== undefined) {
  await writeFile(`${values.out}.md`, report);
  await writeFile(`${values.out}.json`, `${JSON.stringify(data, null, 2)}\n`);
}
process.exitCode = largest <= MAX_DIFFERENCE ? 0 : 1;

type PythonResult = {
  readonly architecture: string;
  readonly meanLossNats: number;
  readonly torch: string;
  readonly transformers: string;
};

/** Fails with what the script says where the folder does not load strictly. */
async function askTransformers(): Promise<{ readonly theirs: Float32Array; readonly python: PythonResult }> {
  const work = await mkdtemp(join(tmpdir(), 'connito-strict-load-'));
  try {
    const [tokens, distributions] = [join(work, 'tokens.json'), join(work, 'distributions.f32')];
    await writeFile(tokens, JSON.stringify(sequences));
    const script = resolve('tools/reference/check_checkpoint.py');
    const flags = ['--json', '--distributions', distributions, '--threads', values.threads];
    const { stdout } = await promisify(execFile)(values.python, [script, folder, tokens, ...flags]);
    const bytes = await readFile(distributions);
    return {
      theirs: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4),
      python: JSON.parse(stdout),
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function topOf(distribution: ArrayLike<number>): number {
  let top = 0;
  for (let i = 1; i < distribution.length; i++) if (distribution[i]! > distribution[top]!) top = i;
  return top;
}
