/**
 * Makes the real updates that the statistics are calibrated on, and stores their losses sequence by sequence:
 *
 *     npx node bench/proof-of-loss/collect.ts [--model models/foundation] [--threads 1] [--out PATH.json]
 *
 * Honest rounds on the shipped foundation with the local network's parameters; at rounds 0, 3 and 8 one update of each kind
 * and domain is measured on up to 256 documents of the domain's held-out pool. About 25 minutes on one core.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LocalRun } from '../support/local-run.ts';
import { describeMachine } from '../support/machine.ts';
import { measureMemorisers } from './memoriser.ts';
import { type MeasuredUpdate, measureUpdates } from './updates.ts';

const ROUNDS = [0, 3, 8];

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    threads: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const date = new Date().toISOString().slice(0, 10);
const out =
  values.out ?? fileURLToPath(new URL(`../results/${date}-proof-of-loss-updates.json`, import.meta.url));

const say = (what: string): void => void process.stderr.write(`${what}\n`);
const folder = await mkdtemp(join(tmpdir(), 'connito-proof-of-loss-'));
const run = await LocalRun.create(values.model, folder, Number(values.threads));
const { inner, scoring, sources } = run.definition;
const updates: MeasuredUpdate[] = [];
for (const round of ROUNDS) {
  while (run.round < round) await run.advance();
  updates.push(...(await measureUpdates(run, say)));
}
const memorisers = await measureMemorisers(run, say);
await run.session.stop();
await rm(folder, { recursive: true });

const pools = Object.fromEntries(
  sources.filter(({ role }) => role === 'held-out').map(({ id, documents }) => [id, documents]),
);
const result = { date, machine: await describeMachine(), inner, scoring, pools, memorisers };
const rows = updates.map((update) => ` ${JSON.stringify(update)}`).join(',\n');
await writeFile(out, `${JSON.stringify(result, null, 1).slice(0, -2)},\n "updates": [\n${rows}\n]}\n`);
say(`Wrote ${updates.length} updates to ${out}`);
