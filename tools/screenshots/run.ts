/**
 * Makes the documentation's pictures of the dashboard from a real run: a network of three validators and eight miners, two of
 * them hostile, with the shipped foundation, in this process. Or from a dashboard that is served already.
 *
 *   npm run docs:screenshots -- [--rounds 12] [--url http://127.0.0.1:8472/] [--out docs/images]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serveDashboard } from '@connito/dashboard';
import { copycat, LocalNetwork, miner, overflow, SharedModel, validator } from '@connito/lab';
import { createRun } from '@connito/run';
import { DirectoryStore } from '@connito/store';
import { takePictures } from './take-pictures.ts';

const MODEL = 'models/foundation';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    url: { type: 'string' },
    out: { type: 'string', default: 'docs/images' },
  },
});

if (values.url !== undefined) await takePictures(new URL(values.url), values.out);
else await ofOwnNetwork(Number(values.rounds), values.out);

async function ofOwnNetwork(rounds: number, out: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'connito-screenshots-'));
  const store = await DirectoryStore.open(join(folder, 'artifacts'));
  const domains = ['code', 'law', 'math'];
  const definition = await createRun({ model: MODEL, artifacts: store, domains, threads: 2 });
  const shared = await SharedModel.open({ definition, store }, { modelFolder: MODEL, threads: 2 });
  const network = await LocalNetwork.start(
    {
      folder,
      definition,
      validators: [validator(), validator(), validator()],
      miners: [miner(), miner(), miner(), miner(), miner(), miner(), miner(copycat()), miner(overflow())],
      openSession: async () => shared.session(),
    },
    store,
  );
  const neurons = await network.context.ledger.neurons((await network.context.ledger.head()).number);
  const dashboard = await serveDashboard({
    context: network.context,
    modelFolder: MODEL,
    archivePath: join(folder, 'dashboard.db'),
    port: 0,
    measure: 'own',
    // Roles register in this order, so that uids tell who is who.
    names: new Map(
      neurons.map(({ uid, hotkey }) => [hotkey, uid < 3 ? `validator-${uid + 1}` : `miner-${uid - 2}`]),
    ),
  });
  try {
    for (let round = 0; round < rounds; round++) {
      const { outcome } = await network.round(round);
      console.log(`round ${round}: ${outcome}`);
    }
    await untilMeasured(dashboard.url, rounds);
    await takePictures(dashboard.url, out);
  } finally {
    await dashboard.stop();
    await network.stop();
    await shared.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Waits until the state after each of so many rounds was measured. */
async function untilMeasured(url: URL, rounds: number): Promise<void> {
  for (;;) {
    const { measuredStates } = (await (await fetch(new URL('/api/v1/health', url))).json()) as {
      measuredStates: number;
    };
    if (measuredStates > rounds) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
