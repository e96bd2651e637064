import { join } from 'node:path';
import {
  type ExpertSet,
  expertParameterNames,
  loadCheckpoint,
  loadTokenizer,
  type ModelConfig,
  parameterCount,
  prepareCorpora,
  selectExperts,
  spreadSequences,
  startModelHost,
  trainingBatches,
} from '@connito/model';
import { bundleLayout } from '@connito/protocol';
import type { Job, Rematerialization, Scope } from './job.ts';

export const DOMAIN = 'law';
export const SEQUENCES = 8;
const LENGTHS = [128, 256];
/** Inner steps of a round, as the local network's. */
export const STEPS = 12;
const LEARNING_RATE = 0.002;
const PROFILED_SEQUENCES = 48;

export type Plan = {
  readonly config: ModelConfig;
  readonly parameters: number;
  /** Bytes of the whole model's delta in the codec that miners use for their group's. */
  readonly denseInt8Bytes: number;
  readonly group: ExpertSet;
  readonly trainings: readonly {
    readonly scope: Scope;
    readonly rematerialization: Rematerialization;
    readonly job: Job;
  }[];
};

/** Tokenises the text, chooses the group, and writes down each training to be measured. */
export async function planTrainings(model: string, threads: number): Promise<Plan> {
  const { config, parameters } = await loadCheckpoint(model);
  const tokenizer = await loadTokenizer(join(model, 'tokenizer.json'));
  const [prepared] = await prepareCorpora({ tokenizer, domains: [DOMAIN], parts: ['adapt'] });
  const { shard } = prepared!;

  const { host, stop } = startModelHost(threads);
  await host.open(model);
  const { gate } = await host.profile(spreadSequences(shard, LENGTHS[0]!, PROFILED_SEQUENCES));
  await stop();
  const upperHalf = [...Array(config.layers).keys()].slice(Math.floor(config.layers / 2));
  const maxPerLayer = Math.ceil(config.experts / 4);
  const group = selectExperts(gate, { share: 1, maxPerLayer, layers: upperHalf });

  const trained = { dense: [...parameters.keys()], group: expertParameterNames(group) };
  const trainings = LENGTHS.flatMap((tokens) => {
    const stream = trainingBatches(shard, [...Array(shard.offsets.length - 1).keys()], {
      sequencesPerStep: SEQUENCES,
      sequenceTokens: tokens,
      seed: 'footprint',
    });
    const batches = Array.from({ length: STEPS }, () => [...stream.next().value]);
    return (['dense', 'group'] as const).flatMap((scope) =>
      (['keep', 'recompute'] as const).map((rematerialization) => ({
        scope,
        rematerialization,
        job: {
          model,
          trained: trained[scope],
          sequences: SEQUENCES,
          tokens,
          batches,
          rematerialization,
          threads,
          learningRate: LEARNING_RATE,
          encode: scope === 'group',
        },
      })),
    );
  });
  const specs = Array.from(parameters, ([name, { shape }]) => ({ name, shape }));
  return {
    config,
    parameters: parameterCount(config),
    denseInt8Bytes: bundleLayout('int8', specs).bytes,
    group,
    trainings,
  };
}
