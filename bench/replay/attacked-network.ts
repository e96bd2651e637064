import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  copycat,
  createTinyRun,
  favouring,
  LocalNetwork,
  late,
  miner,
  neverRevealing,
  overflow,
  SharedModel,
  validator,
  withholding,
  wrongState,
} from '@connito/lab';
import { encodeLedgerExtract } from '@connito/ledger';
import { encodeRunDefinition } from '@connito/protocol';
import { createRun } from '@connito/run';
import { DirectoryStore } from '@connito/store';

/** Where a network's public record is kept. */
export const RECORD_FILES = {
  definition: 'run.json',
  extract: 'ledger.json',
  artifacts: 'artifacts',
} as const;

export type AttackedNetwork = {
  readonly validators: readonly string[];
  readonly miners: readonly string[];
};

/** Seven validators of equal stake of which three are hostile, nine miners of which four are. */
export const ATTACKED: AttackedNetwork = {
  validators: [
    'honest',
    'honest',
    'honest',
    'honest',
    'favours one miner',
    'withholds its report',
    'posts a wrong state',
  ],
  miners: [
    'honest',
    'honest',
    'honest',
    'honest',
    'honest',
    'copycat',
    'overflow',
    'never reveals',
    'reveals late',
  ],
};

/**
 * Runs a network with attackers in one process and leaves its public record in `folder`. Does nothing where one is there already.
 * `modelFolder` is null for a tiny random model.
 */
export async function attackedNetwork(
  folder: string,
  { rounds, modelFolder, tokenizer }: { rounds: number; modelFolder: string | null; tokenizer: string },
  onRound: (line: string) => void,
): Promise<{ readonly modelFolder: string }> {
  const model = modelFolder ?? join(folder, 'model');
  if (await exists(join(folder, RECORD_FILES.extract))) return { modelFolder: model };
  await mkdir(folder, { recursive: true });
  const domains = ['code', 'math'];
  const { definition, store } =
    modelFolder === null
      ? await createTinyRun(folder, tokenizer, domains)
      : await createRunOf(folder, model, domains);
  const shared = await SharedModel.open({ definition, store }, { modelFolder: model, threads: 1 });
  const honest = validator();
  const network = await LocalNetwork.start(
    {
      ...{ folder, definition, reportWaitMs: 1_000 },
      validators: [
        ...[honest, honest, honest, honest],
        validator(favouring(({ facts }) => facts.miners[0]!.uid)),
        validator(withholding),
        validator(wrongState),
      ],
      miners: [
        ...[miner(), miner(), miner(), miner(), miner()],
        ...[miner(copycat()), miner(overflow()), neverRevealing(), late('reveal', 'evaluate')],
      ],
      openSession: async () => shared.session(),
    },
    store,
  );
  for (let round = 0; round < rounds; round++) {
    const { outcome, miners } = await network.round(round);
    const scores = miners.map(({ uid, scoreNanoNats, reason }) => `${uid} ${reason ?? scoreNanoNats}`);
    onRound(`round ${round} ${outcome}: ${scores.join(', ')}`);
  }
  await writeFile(join(folder, RECORD_FILES.definition), encodeRunDefinition(definition));
  await writeFile(join(folder, RECORD_FILES.extract), encodeLedgerExtract(network.extract(rounds - 1)));
  await network.stop();
  await shared.stop();
  return { modelFolder: model };
}

/** The local network's run with the shipped foundation, or another model. */
async function createRunOf(folder: string, model: string, domains: readonly string[]) {
  const store = await DirectoryStore.open(join(folder, RECORD_FILES.artifacts));
  const definition = await createRun({ model, artifacts: store, domains, threads: 1, name: 'replay' });
  return { definition, store };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
