import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  copycat,
  createTinyRun,
  LocalNetwork,
  miner,
  overflow,
  SharedModel,
  type ValidatorBehaviour,
  validator,
} from '@connito/lab';
import { type Dashboard, type DashboardOptions, serveDashboard } from '../serve-dashboard.ts';

const TOKENIZER = fileURLToPath(new URL('../../../../models/foundation/tokenizer.json', import.meta.url));

/** A real network in this process: three validators, three honest miners, one that copies and one that overflows. */
export type SmallNetwork = AsyncDisposable & {
  readonly network: LocalNetwork;
  readonly folder: string;
  readonly modelFolder: string;
  /** Serves it; the archive is the same at each call. */
  serve(options?: Partial<DashboardOptions>): Promise<Dashboard>;
  /** Ends the roles; ledger and store can be read no more. */
  stop(): Promise<void>;
};

/** Rests once `rounds` are finished, so that it takes no time from what looks at it. */
export async function startSmallNetwork(rounds: number): Promise<SmallNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'connito-dashboard-'));
  const { definition, store, modelFolder } = await createTinyRun(folder, TOKENIZER, ['code', 'math']);
  const model = await SharedModel.open({ definition, store }, { modelFolder, threads: 1 });
  const network = await LocalNetwork.start(
    {
      folder,
      definition,
      validators: [{ ...validator(), besides: restAfter(rounds) }, validator(), validator()],
      miners: [miner(), miner(), miner(), miner(copycat()), miner(overflow())],
      openSession: async () => model.session(),
    },
    store,
  );
  const served = new Set<Dashboard>();
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      for (const dashboard of served) await dashboard.stop();
      await network.stop();
      await model.stop();
    })();
    return stopped;
  };
  return {
    network,
    folder,
    modelFolder,
    serve: async (changes = {}) => {
      const dashboard = await serveDashboard({
        context: network.context,
        modelFolder,
        archivePath: join(folder, 'dashboard.db'),
        port: 0,
        measure: 'own',
        pageCache: join(folder, 'page'),
        ...changes,
      });
      served.add(dashboard);
      return dashboard;
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** No block is sealed before all roles are done with it. */
function restAfter(rounds: number): NonNullable<ValidatorBehaviour['besides']> {
  return async (_, { round }, signal) => {
    if (round < rounds) return;
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  };
}
