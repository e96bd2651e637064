/**
 * What sparse and quantised updates do to learning: loss after 3 to 100 rounds against bytes sent.
 *
 *     npx node bench/codec/run.ts [--domain math] [--miners 2] [--work DIR] [--out PATH] [--report]
 *
 * One expert group of the shipped foundation is trained by a few miners with the real inner steps, codecs, error feedback, merge
 * and outer step; no ledger and no scoring, so every update is merged. Each training is kept in the work directory as soon as
 * it is done, and not done again: stop it at any time and start it anew. `--report` trains nothing and reports what is there. One
 * engine thread; about 48 minutes in all.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Domain } from '@connito/model';
import { writeDurably } from '@connito/node';
import { describeMachine } from '../support/machine.ts';
import { plot } from './plot.ts';
import { type CodecResult, markdown } from './report.ts';
import { prepareSetting, type Setting } from './setting.ts';
import { simulate, type Training } from './simulate.ts';
import { VARIANTS } from './variants.ts';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    domain: { type: 'string', default: 'math' },
    miners: { type: 'string', default: '2' },
    work: { type: 'string', default: join(tmpdir(), 'connito-bench-codec') },
    out: { type: 'string' },
    report: { type: 'boolean', default: false },
  },
});
const MEASURED_AFTER = [0, 3, 6, 10, 20, 30, 60, 100];
const miners = Number(options.miners);
const folder = join(options.work, `${options.domain}-${miners}`);
await mkdir(folder, { recursive: true });

let setting: Setting | null = null;
const trainings: Training[] = [];
for (const variant of VARIANTS) {
  for (const seed of variant.seeds) {
    const path = join(folder, `${variant.name.replaceAll(/[^a-z0-9.]+/g, '-')}-seed-${seed}.json`);
    const known = await readFile(path, 'utf8').catch(() => null);
    if (known !== null) {
      trainings.push(JSON.parse(known) as Training);
      continue;
    }
    if (options.report) continue;
    setting ??= await prepareSetting(options.model, options.domain as Domain);
    const training = await simulate(setting, variant, seed, { miners, measureAfter: MEASURED_AFTER });
    await writeDurably(path, new TextEncoder().encode(JSON.stringify(training)));
    trainings.push(training);
    const last = training.measurements.at(-1)!.losses;
    const mean = last.reduce((sum, loss) => sum + loss, 0) / last.length;
    console.error(`${variant.name}, seed ${seed}: ${mean.toFixed(4)}, ${training.cpuSeconds.toFixed(0)} s`);
  }
}

const result: CodecResult = {
  benchmark: 'codec',
  date: new Date().toISOString(),
  machine: await describeMachine(),
  domain: options.domain,
  miners,
  variants: VARIANTS,
  trainings,
};
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const base = options.out ?? at(`../results/${result.date.slice(0, 10)}-codec`);
await writeFile(`${base}.json`, `${JSON.stringify(result)}\n`);
await writeFile(`${base}.svg`, plot(result));
await writeFile(`${base}.md`, markdown(result));
console.log(markdown(result));
