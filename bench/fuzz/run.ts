/**
 * Fuzzes every parser of what nodes get from each other: bundles, canonical JSON, notes, reveals with their manifests, reports,
 * merge reports, state documents, run definitions, ledger extracts, safetensors and archives; of what the market reads, package
 * manifests, indexes and receipts; and of request bodies, key files and queries.
 *
 *     npx node bench/fuzz/run.ts [--inputs 10000000] [--seed 1] [--out PATH]
 *
 * Each target runs in a process of its own with a small heap; it fails on a crash, a broken promise, a
 * hang, or too much memory, and prints the input. Equal seeds give equal inputs. About ten minutes on one idle core.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../support/machine.ts';
import { fuzzTargets, SHARES } from './targets.ts';
import type { FuzzResult } from './worker.ts';

const date = new Date().toISOString().slice(0, 10);
const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: fileURLToPath(new URL(`../results/${date}-fuzz`, import.meta.url)) },
  },
});

/** Ten thousand inputs of the slowest target take seconds; a machine under heavy load is no hang. */
const SILENCE_MS = 600_000;
const HEAP_MEGABYTES = 256;
/** Above what a process that loaded the engine has anyway. */
const MAX_GROWTH_MEBIBYTES = 512;
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

const names = fuzzTargets().map(({ name }) => name);
const total = names.reduce((sum, name) => sum + (SHARES[name] ?? 0), 0);
const results = new Map<string, FuzzResult>();
for (const name of names) {
  const count = Math.ceil((Number(values.inputs) * (SHARES[name] ?? 0)) / total);
  const result = await fuzz(name, count);
  const growth = result.peakMebibytes - result.residentMebibytes;
  if (growth > MAX_GROWTH_MEBIBYTES) throw new Error(`"${name}" took ${growth.toFixed(0)} MiB`);
  results.set(name, result);
  process.stderr.write(`${name}: ${count} inputs in ${result.seconds.toFixed(0)} s\n`);
}

async function fuzz(name: string, count: number): Promise<FuzzResult> {
  const args = [`--max-old-space-size=${HEAP_MEGABYTES}`, WORKER, name, String(count), values.seed];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaints = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const { promise, resolve, reject } = Promise.withResolvers<FuzzResult>();
  let silence = setTimeout(hang, SILENCE_MS);
  function hang(): void {
    child.kill('SIGKILL');
    reject(new Error(`"${name}" hangs with seed ${values.seed}`));
  }
  child.stderr.on('data', (chunk) => {
    clearTimeout(silence);
    silence = setTimeout(hang, SILENCE_MS);
    complaints = (complaints + chunk).slice(-2000);
  });
  child.on('close', (code) => {
    clearTimeout(silence);
    if (code === 0) resolve(JSON.parse(output) as FuzzResult);
    else reject(new Error(`"${name}" failed with seed ${values.seed}, code ${code}: ${output}${complaints}`));
  });
  return promise;
}

const machine = await describeMachine();
const inputs = [...results.values()].reduce((sum, result) => sum + result.inputs, 0);
const result = { date, machine, seed: Number(values.seed), inputs, targets: Object.fromEntries(results) };
await writeFile(`${values.out}.json`, `${JSON.stringify(result, null, 2)}\n`);
const rows = [...results].map(([name, of]) => {
  const growth = of.peakMebibytes - of.residentMebibytes;
  return `| ${name} | ${of.inputs.toLocaleString('en')} | ${of.slowestMilliseconds.toFixed(1)} | ${growth.toFixed(0)} |`;
});
const markdown = `# Fuzzing of parsers, ${date}

\`npx node bench/fuzz/run.ts --inputs ${values.inputs} --seed ${values.seed}\`, ${machine.cores} cores (${machine.cpu}), Node ${machine.node}.
${inputs.toLocaleString('en')} inputs, no crash, no hang, no broken promise. Three of four inputs are valid documents that were changed, the others
bytes without any order.

| parser | inputs | slowest input, ms | memory on top of the loaded process, MiB |
| --- | --- | --- | --- |
${rows.join('\n')}

Each target runs in a process with a heap of ${HEAP_MEGABYTES} MiB. The slowest input is wall time, so pauses of the collector and of a busy
machine count; memory includes the young generation, which the collector lets grow.
`;
await writeFile(`${values.out}.md`, markdown);
process.stdout.write(markdown);
