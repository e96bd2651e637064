import { loadCheckpoint, type ModelConfig, type Parameters, type Sequences } from '@connito/model';
import {
  drawAcrossPools,
  drawSequences,
  type ExpertGroupId,
  type RunDefinition,
  runIdOf,
  type TensorMap,
} from '@connito/protocol';
import { pickAcross, type SequencePool, stateParameters } from '@connito/run';
import { LocalRun } from '../support/local-run.ts';

/** Honest rounds before the one that is measured, so that state and base model differ. */
const ROUNDS = 3;
const BLOCK_HASH = '5'.repeat(64);

export type Candidate = { readonly group: ExpertGroupId; readonly parameters: Parameters };

type RowsOfGroup = { readonly domain: readonly number[]; readonly general: readonly number[] };

/** Everything a validator has when it begins to measure, drawn as in a real round. */
export type Round = {
  readonly definition: RunDefinition;
  readonly config: ModelConfig;
  readonly base: Parameters;
  readonly state: Parameters;
  readonly sequences: Sequences;
  readonly rows: ReadonlyMap<ExpertGroupId, RowsOfGroup>;
  readonly lowestLayer: number;
  readonly candidates: { readonly honest: readonly Candidate[]; readonly junk: readonly Candidate[] };
};

export async function prepareRound(
  model: string,
  folder: string,
  threads: number,
  candidatesOfGroup: number,
): Promise<Round> {
  const run = await LocalRun.create(model, folder, threads);
  while (run.round < ROUNDS) await run.advance();
  const { definition } = run;
  const { config, parameters: base } = await loadCheckpoint(model);
  const state = changed(base, stateParameters(run.state), 'replace');

  const honest: Candidate[] = [];
  const junk: Candidate[] = [];
  for (let i = 0; i < candidatesOfGroup; i++) {
    for (const group of definition.groups) {
      const training = { steps: definition.inner.steps, rate: 1, label: `${i}` };
      const delta = await run.honest(group, i % 2, training);
      honest.push({ group: group.id, parameters: changed(state, delta, 'add') });
      junk.push({ group: group.id, parameters: changed(state, delta, 'subtract') });
    }
  }
  await run.session.stop();
  const lowestLayer = Math.min(
    ...definition.groups.flatMap(({ experts }) => Object.keys(experts).map(Number)),
  );
  return { definition, config, base, state, lowestLayer, candidates: { honest, junk }, ...(await draw(run)) };
}

/** The sequences of all groups, laid out as the validator's exam lays them out. */
async function draw({ definition, sources, round }: LocalRun): Promise<Pick<Round, 'sequences' | 'rows'>> {
  const { domainSequences, generalSequences, sequenceTokens } = definition.scoring;
  const purpose = (label: string) => ({ run: runIdOf(definition), round, label });
  const chosen: { pool: SequencePool; row: number }[] = [];
  const domain = new Map<ExpertGroupId, number[]>();
  for (const { id, heldOutSource } of definition.groups) {
    const pool = await sources.pool(heldOutSource);
    const drawn = drawSequences(BLOCK_HASH, purpose(`score/domain/${id}`), pool.count, domainSequences);
    domain.set(
      id,
      drawn.map((row) => chosen.push({ pool, row }) - 1),
    );
  }
  const others = definition.groups.length - 1;
  const fromEach = Math.floor(generalSequences / 2 / others);
  const pools = [];
  for (const source of definition.generalSources) {
    pools.push({ source, documents: (await sources.pool(source)).count });
  }
  const untrained: number[] = [];
  const count = generalSequences - fromEach * others;
  for (const { source, document } of drawAcrossPools(BLOCK_HASH, purpose('score/general'), pools, count)) {
    untrained.push(chosen.push({ pool: await sources.pool(source), row: document }) - 1);
  }
  const rows = new Map(
    definition.groups.map(({ id }) => {
      const general = [...domain].flatMap(([other, drawn]) => (other === id ? [] : drawn.slice(0, fromEach)));
      return [id, { domain: domain.get(id)!, general: [...untrained, ...general] }] as const;
    }),
  );
  return { sequences: pickAcross(sequenceTokens, chosen), rows };
}

function changed(from: Parameters, tensors: TensorMap, how: 'replace' | 'add' | 'subtract'): Parameters {
  const result = new Map(from);
  const sign = how === 'subtract' ? -1 : 1;
  for (const [name, { shape, data }] of tensors) {
    const before = from.get(name)!.data as Float32Array;
    const values = how === 'replace' ? data : before.map((value, i) => value + sign * data[i]!);
    result.set(name, { dtype: 'f32', shape, data: values });
  }
  return result;
}
