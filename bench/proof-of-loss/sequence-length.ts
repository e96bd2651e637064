/**
 * How long the sequences of an exam should be at equal cost: the gain of an honest update on the first 48 to 128 tokens of
 * held-out documents, and how many standard errors it stands above zero when `TOKENS` tokens are measured in all.
 *
 *     npx node bench/proof-of-loss/sequence-length.ts [--model models/foundation] [--rounds 2] [--out PATH]
 *
 * Writes a table to `results/DATE-sequence-length.md`. About two minutes on one core.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Sequences, sequencesOf, type TokenShard } from '@connito/model';
import { type ExpertGroup, pairedDifferences, pairedStatistics } from '@connito/protocol';
import { LocalRun } from '../support/local-run.ts';

const LENGTHS = [48, 64, 96, 128];
/** Tokens of a domain that an exam measures: 32 sequences of 64. */
const TOKENS = 2048;
const DOCUMENTS = 160;

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    rounds: { type: 'string', default: '2' },
    out: { type: 'string' },
  },
});
const date = new Date().toISOString().slice(0, 10);
const folder = await mkdtemp(join(tmpdir(), 'connito-sequence-length-'));
const run = await LocalRun.create(values.model, folder, 1);
const rows: string[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  for (const group of run.definition.groups) rows.push(...(await rowsOf(group)));
  await run.advance();
}
await run.session.stop();
await rm(folder, { recursive: true });

const table = `# Length of an exam's sequences, ${date}

\`npx node bench/proof-of-loss/sequence-length.ts\`: an honest update of each domain and round, measured on the first tokens
of up to ${DOCUMENTS} held-out documents. The last column: mean gain over its standard error for as many sequences as ${TOKENS}
tokens make, which is what a bound has to work with.

| round | domain | tokens | gain, millinats | standard deviation | sequences | gain / standard error |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
const out = values.out ?? fileURLToPath(new URL(`../results/${date}-sequence-length.md`, import.meta.url));
await writeFile(out, table);
console.log(table);

async function rowsOf(group: ExpertGroup): Promise<string[]> {
  const shard = await run.sources.shard(group.heldOutSource);
  const delta = await run.honest(group, 0);
  const lines: string[] = [];
  for (const tokens of LENGTHS) {
    const sequences = cut(shard, tokens);
    const all = Array.from({ length: sequences.count }, (_, row) => row);
    const { before } = await run.session.host.openExam({
      ...{ id: 'length', sequences, lowestLayer: 0, baseRows: [] },
    });
    const change = { kind: 'delta', tensors: delta } as const;
    const after = await run.session.host.examine('length', change, { domain: all, general: [] }, null);
    if (after.kind !== 'complete') throw new Error(`an honest update is ${after.kind}`);
    const { mean, standardError, n } = pairedStatistics(pairedDifferences(before, after.domainAfter), 0.05);
    const deviation = standardError * Math.sqrt(n);
    const exam = TOKENS / tokens;
    const cells = [run.round, group.domain, tokens, (mean * 1000).toFixed(1), (deviation * 1000).toFixed(1)];
    lines.push(
      `| ${[...cells, exam.toFixed(1), (mean / (deviation / Math.sqrt(exam))).toFixed(1)].join(' | ')} |`,
    );
  }
  return lines;
}

/** The first tokens of the documents that are long enough for every length. */
function cut(shard: TokenShard, tokens: number): Sequences {
  const longest = LENGTHS.at(-1)! + 1;
  const pool = sequencesOf(shard, longest - 1);
  const count = Math.min(DOCUMENTS, pool.documents.length);
  const data = new Int32Array(count * (tokens + 1));
  for (let row = 0; row < count; row++) {
    data.set(pool.tokens.subarray(row * longest, row * longest + tokens + 1), row * (tokens + 1));
  }
  return { count, tokens, data };
}
