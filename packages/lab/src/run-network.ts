import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, silentLog } from '@connito/node';
import { type RoundRecord, type RunState, StateLoader, stateParameters, TokenSources } from '@connito/run';
import type { LabRun } from './lab-run.ts';
import { LocalNetwork } from './network/local-network.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { FullCast } from './scenario.ts';
import type { SharedModel } from './shared-model.ts';

export type NetworkSetting = {
  readonly run: LabRun;
  readonly model: SharedModel;
  /** Keeps the roles' keys, and a folder for each network while it runs. */
  readonly folder: string;
  readonly log?: Log;
  readonly onRound?: (record: RoundRecord) => void;
  /** Called after the last round, while the network still stands. */
  readonly onEnd?: (network: LocalNetwork) => Promise<void>;
};

/** Bytes that cannot be fetched are waited for only so long: in one process they are there or they are not. */
const REPORT_WAIT_MS = 300;

/** Runs one network of the lab to its end and says what happened. All networks of a run draw the same exams. */
export async function runNetwork(
  name: string,
  cast: FullCast,
  rounds: number,
  { run, model, folder, log = silentLog, onRound, onEnd }: NetworkSetting,
  signal: AbortSignal,
): Promise<Outcome> {
  const own = join(folder, 'networks', name);
  await rm(own, { recursive: true, force: true });
  const network = await LocalNetwork.start(
    {
      ...{ folder: own, wallets: join(folder, 'wallets'), draws: 'lab', log, reportWaitMs: REPORT_WAIT_MS },
      definition: run.definition,
      validators: cast.validators.map(({ behaviour }) => behaviour),
      miners: cast.miners.map(({ behaviour }) => behaviour),
      openSession: async () => model.session(),
    },
    run.store,
  );
  try {
    const lossBefore = await reportingLosses(run, model, model.session().genesis);
    const records: RoundRecord[] = [];
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted();
      const record = await network.round(round);
      records.push(record);
      onRound?.(record);
    }
    await onEnd?.(network);
    const canonical = await network.readers.chain.stateBefore(rounds, signal);
    const loader = new StateLoader(network.context, model.session().genesis);
    const final = await loader.load(canonical, { momentum: false }, signal);
    return outcomeOf(records, cast, { lossBefore, lossAfter: await reportingLosses(run, model, final) });
  } finally {
    await network.stop();
    await rm(own, { recursive: true, force: true });
  }
}

/** Mean loss of each trained domain's reporting text, which no score depends on, nats per token. */
export async function reportingLosses(
  { definition, store }: LabRun,
  model: SharedModel,
  state: RunState,
): Promise<Record<string, number>> {
  const sources = new TokenSources({ definition, store });
  const { host } = model.session();
  await host.setState(stateParameters(state));
  const losses: Record<string, number> = {};
  for (const { domain } of definition.groups) {
    const source = definition.sources.find((candidate) => candidate.id === `${domain}-reporting`)!;
    const measured = await host.measure(await sources.pool(source.id));
    losses[domain] = measured.reduce((sum, loss) => sum + loss, 0) / measured.length;
  }
  return losses;
}
