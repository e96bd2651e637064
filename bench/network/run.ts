/**
 * Measures a whole local network as a user starts it: time to the first merged round, length of a round, and what the rounds
 * did to the losses. Runs `connito up --json` in a fresh directory and writes its summary with the machine's name.
 *
 * npx node bench/network/run.ts [--rounds 6] [--out bench/results/DATE-network]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

type GroupRound = { domain: string; lossBefore: number; lossAfter: number; interval: [number, number] };
type RoundLine = {
  round: number;
  agreed: boolean;
  stateHash: string;
  generalLossBefore: number;
  generalLossAfter: number;
  groups: (GroupRound & { sinceStart: { reduction: number; interval: [number, number] } })[];
};
type Summary = {
  secondsToFirstMerge: number | null;
  rounds: RoundLine[];
  miners: {
    uid: number;
    behaviour: string;
    domain: string;
    score: number;
    incentive: number;
    bytesSent: number;
    reasons: Record<string, number>;
  }[];
};

const date = new Date().toISOString().slice(0, 10);
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '6' },
    out: { type: 'string', default: `bench/results/${date}-network` },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'connito-bench-'));
const started = performance.now();
const publishedAt: number[] = [];
const lastRounds: RoundLine[] = [];
let summary: Summary | null = null;
const args = ['packages/cli/bin/connito.js', 'up', '--json', '--dir', folder, '--rounds', values.rounds];
const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
for await (const text of createInterface({ input: child.stdout })) {
  const line = JSON.parse(text);
  if (line.type === 'phase' && line.phase === 'publish' && line.entered) {
    publishedAt.push((performance.now() - started) / 1000);
  }
  if (line.type === 'round') lastRounds.push(line);
  if (line.type === 'summary') summary = line;
}
await rm(folder, { recursive: true, force: true });
if (summary === null) throw new Error('the network ended without a summary');

const lengths = publishedAt.slice(1).map((time, i) => time - publishedAt[i]!);
const sorted = [...lengths].sort((a, b) => a - b);
const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
};
const result = { date, machine, roundSeconds: { median, each: lengths }, ...summary };
await writeFile(`${values.out}.json`, `${JSON.stringify(result, null, 2)}\n`);

const mnat = (nats: number): string => (nats * 1000).toFixed(1);
const last = lastRounds.at(-1)!;
const first = lastRounds[0]!;
const generalRise = (last.generalLossAfter / first.generalLossBefore - 1) * 100;
const markdown = `# A local network, ${date}

\`npx node bench/network/run.ts --rounds ${values.rounds}\` on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Node ${machine.node}.
Default size: 3 validators, 8 miners of which 2 are hostile, 3 domains. Times include starting 13 processes and tokenising the texts.

| figure | value |
| --- | --- |
| seconds from start to the first merged round | ${summary.secondsToFirstMerge?.toFixed(1)} |
| seconds of a round, median of ${lengths.length} (range) | ${median.toFixed(1)} (${sorted[0]?.toFixed(1)}–${sorted.at(-1)?.toFixed(1)}) |
| rounds in which all validators posted the same state | ${summary.rounds.filter(({ agreed }) => agreed).length} of ${summary.rounds.length} |
| general loss, start → end | ${first.generalLossBefore.toFixed(4)} → ${last.generalLossAfter.toFixed(4)} (${generalRise >= 0 ? '+' : ''}${generalRise.toFixed(2)} %) |

Held-out loss on the reporting set, nats per token, and its fall since the base model with the paired 95 % interval, millinats:

| domain | start | end | fall |
| --- | --- | --- | --- |
${last.groups
  .map(({ domain, lossAfter, sinceStart: { reduction, interval } }) => {
    const start = first.groups.find((group) => group.domain === domain)!.lossBefore;
    return `| ${domain} | ${start.toFixed(4)} | ${lossAfter.toFixed(4)} | ${mnat(reduction)} (${mnat(interval[0])} to ${mnat(interval[1])}) |`;
  })
  .join('\n')}

| miner | behaviour | domain | score, millinats | incentive | bytes sent | zeros |
| --- | --- | --- | --- | --- | --- | --- |
${summary.miners
  .map(({ uid, behaviour, domain, score, incentive, bytesSent, reasons }) => {
    const zeros = Object.entries(reasons)
      .map(([reason, count]) => `${count} × ${reason}`)
      .join(', ');
    return `| ${uid} | ${behaviour} | ${domain} | ${mnat(score)} | ${(incentive * 100).toFixed(1)} % | ${bytesSent} | ${zeros} |`;
  })
  .join('\n')}

What got worse: the general loss, on text that no group trains on, by the figure above.
`;
await writeFile(`${values.out}.md`, markdown);
process.stdout.write(markdown);
