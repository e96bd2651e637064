/**
 * Candidates a validator measures in a minute, with and without the work that candidates share:
 *
 *     npx node bench/validator-throughput/run.ts [--model models/foundation] [--threads 1] [--blocks 7] [--candidates 4]
 *
 * The exam of a default round after three honest ones, the same candidates in every variant, variants interleaved. Reports
 * medians over the blocks. About four minutes on one idle core.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { onnxBackend } from '@connito/engine';
import { describeMachine, otherLoad } from '../support/machine.ts';
import { type Summary, summarize } from '../support/statistics.ts';
import { measureParts } from './parts.ts';
import { prepareRound } from './round.ts';
import { VARIANTS } from './variants.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    threads: { type: 'string', default: '1' },
    blocks: { type: 'string', default: '7' },
    candidates: { type: 'string', default: '4' },
    out: { type: 'string' },
  },
});
const threads = Number(values.threads);
const date = new Date().toISOString().slice(0, 10);
const out = values.out ?? fileURLToPath(new URL(`../results/${date}-validator-throughput`, import.meta.url));

const folder = await mkdtemp(join(tmpdir(), 'connito-throughput-'));
const round = await prepareRound(values.model, folder, threads, Number(values.candidates));
await rm(folder, { recursive: true });
const backend = onnxBackend({ threads });

type Work = 'honest' | 'junk';
const seconds = new Map<string, number[]>();
const load: Awaited<ReturnType<typeof otherLoad>>[] = [];
let reference: readonly (readonly number[])[] | null = null;
// The first block warms up and is thrown away.
for (let block = -1; block < Number(values.blocks); block++) {
  if (block >= 0) load.push(await otherLoad());
  for (const work of ['honest', 'junk'] as const satisfies readonly Work[]) {
    for (const [name, variant] of VARIANTS) {
      const started = performance.now();
      const losses = await variant(round, round.candidates[work], backend);
      const spent = (performance.now() - started) / 1000;
      if (work === 'honest') {
        reference ??= losses;
        // A candidate that is stopped early has only the first of them.
        const equal = losses.every((own, i) => own.every((loss, j) => loss === reference![i]![j]));
        if (!equal) throw new Error(`variant "${name}" measured other losses than the first`);
      }
      if (block < 0) continue;
      const key = `${name}/${work}`;
      seconds.set(key, [...(seconds.get(key) ?? []), spent]);
      console.error(`block ${block}, ${work}, ${name}: ${spent.toFixed(2)} s`);
    }
  }
}

const count = round.candidates.honest.length;
const rows = [...VARIANTS.keys()].map((name) => {
  const summaryOf = (work: Work): Summary => summarize(seconds.get(`${name}/${work}`)!);
  return { name, honest: summaryOf('honest'), junk: summaryOf('junk') };
});
const parts = await measureParts(round, backend);
const machine = await describeMachine();
const { scoring } = round.definition;
const result = {
  benchmark: 'validator-throughput',
  ...{ date, machine, model: basename(values.model), threads, scoring, candidates: count, load },
  ...{ parts, variants: rows, raw: Object.fromEntries(seconds) },
};
await writeFile(`${out}.json`, `${JSON.stringify(result, null, 1)}\n`);

const perMinute = (value: number): string => ((60 * count) / value).toFixed(0);
const range = ({ median, min, max }: Summary): string =>
  `${perMinute(median)} (${perMinute(max)}–${perMinute(min)})`;
const first = rows[0]!;
const markdown = `# Candidates a validator measures, ${date}

\`npx node bench/validator-throughput/run.ts --threads ${threads} --blocks ${values.blocks} --candidates ${values.candidates}\` on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}, ${threads} engine ${threads === 1 ? 'thread' : 'threads'}.
${count} candidates of ${round.definition.groups.length} groups, ${scoring.domainSequences} domain and ${scoring.generalSequences} general sequences of ${scoring.sequenceTokens} tokens each, all baselines included in the time. Medians of ${values.blocks} interleaved blocks with their range. Load average when blocks began: ${load.map(({ loadAverage }) => loadAverage.toFixed(1)).join(', ')}.
All variants measure equal losses, bit for bit; the program fails otherwise.

| each row adds to the one above | honest candidates a minute | against the first row | junk a minute |
| --- | --- | --- | --- |
${rows
  .map(
    ({ name, honest, junk }) =>
      `| ${name} | ${range(honest)} | ${(first.honest.median / honest.median).toFixed(2)} × | ${range(junk)} |`,
  )
  .join('\n')}

Junk is honest updates reversed. Where time goes, milliseconds for a batch of 8 sequences:

| part | median (range) |
| --- | --- |
${parts.map(({ part, ms }) => `| ${part} | ${ms.median.toFixed(1)} (${ms.min.toFixed(1)}–${ms.max.toFixed(1)}) |`).join('\n')}
`;
await writeFile(`${out}.md`, markdown);
console.log(markdown);
