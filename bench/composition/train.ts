/**
 * Trains one specialist for each domain named, in runs of their own: other runs do not exist for it, so its group is chosen by
 * its own domain alone and overlaps with theirs. Real rounds of inner steps, merge and outer step; no ledger. Another `--series`
 * gives other orders and shares of the data, and so other specialists.
 *
 *     npx node bench/composition/train.ts [--work DIR] [--domains law,code,math] [--series 0] [--threads 1]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tensor } from '@connito/engine';
import { encodeSafetensors, spreadSequences } from '@connito/model';
import { LocalRun } from '../support/local-run.ts';

/** Experts of each layer of the upper half that a specialist trains: half of the foundation's. */
const EXPERTS_PER_LAYER = 8;
const LAYERS = [2, 3];
const INNER_STEPS = 10;
/** Enough for every domain to gain well over 0.05 nats per token. */
const ROUNDS: Readonly<Record<string, number>> = { law: 8, code: 8, math: 4 };
const HELD_OUT_SEQUENCES = 128;

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    work: { type: 'string', default: 'bench/composition/work' },
    domains: { type: 'string', default: 'law,code,math' },
    threads: { type: 'string', default: '1' },
    series: { type: 'string', default: '0' },
  },
});
const series = Number(values.series);
if (!(Number.isInteger(series) && series >= 0)) {
  throw new RangeError(`--series must be a whole number from 0 on, not "${values.series}"`);
}

for (const domain of values.domains.split(',')) {
  const folder = join(values.work, domain);
  await mkdir(folder, { recursive: true });
  const run = await LocalRun.create(resolve(values.model), join(folder, 'store'), Number(values.threads), {
    domains: [domain],
    innerSteps: INNER_STEPS,
    series,
    selection: { maxPerLayer: EXPERTS_PER_LAYER, layers: LAYERS, share: 1 },
  });
  try {
    const { scoring, groups } = run.definition;
    const group = groups[0]!;
    const heldOut = spreadSequences(
      await run.sources.shard(group.heldOutSource),
      scoring.sequenceTokens,
      HELD_OUT_SEQUENCES,
    );
    const mean = async (): Promise<number> => {
      const losses = await run.session.host.measure(heldOut);
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    };
    const history = [{ round: 0, loss: await mean() }];
    while (run.round < ROUNDS[domain]!) {
      await run.advance();
      if (run.round % 4 !== 0) continue;
      history.push({ round: run.round, loss: await mean() });
      const parameters = new Map(
        [...run.state.groups.get(group.id)!.parameters].map(([name, { shape, data }]) => [
          name,
          tensor(data, shape),
        ]),
      );
      await writeFile(join(folder, 'experts.safetensors'), encodeSafetensors(parameters, 'F32'));
      const about = { domain, series, experts: group.experts, rounds: run.round, history };
      await writeFile(join(folder, 'specialist.json'), `${JSON.stringify(about, null, 2)}\n`);
      console.log(domain, JSON.stringify(history.at(-1)));
    }
  } finally {
    await run.session.stop();
  }
}
