import type { RemoteModelHost } from '@connito/model';
import { trainingBatches } from '@connito/model';
import {
  type DataShare,
  decimalNumber,
  EXPERT_PROJECTIONS,
  type ExpertGroupId,
  expertsOf,
  expertTensorName,
  groupOf,
  type Hotkey,
  type StateHash,
  type TensorMap,
  type Uid,
} from '@connito/protocol';
import type { RoundFacts, RunContext, RunState, TokenSources } from '@connito/run';
import type { StoredSubmission } from './journal.ts';

/** One miner's task of one round and what it may use. The model already holds the round's state. */
export type MinerTask = {
  readonly context: RunContext;
  readonly hotkey: Hotkey;
  readonly uid: Uid;
  readonly round: number;
  readonly group: ExpertGroupId;
  readonly share: DataShare;
  /** Orders the training data. A secret: whoever knew it could compute the same update and commit to it first. */
  readonly seed: string;
  readonly facts: RoundFacts;
  readonly state: RunState;
  /** The state the run started from. */
  readonly genesisState: StateHash;
  readonly model: RemoteModelHost;
  /** Separates documents; null where the model has none. */
  readonly endOfTextToken: number | null;
  readonly sources: TokenSources;
};

/** What a miner submits: local − global for exactly its group's tensors, and what it claims it took. */
export type Work = {
  readonly delta: TensorMap;
  readonly trainedTokens: number;
  readonly innerSteps: number;
  readonly losses: readonly number[];
};

/** How a miner comes to its delta. Everything else about a miner is the same for all. */
export interface MinerStrategy {
  readonly name: string;
  /** The round's work, or null to sit it out. */
  work(task: MinerTask, signal: AbortSignal): Promise<Work | null>;
  /**
   * Changes what is committed to and revealed, each time it is read from the journal, so equal input must give equal output. For
   * the lab's hostile miners: an honest one sends what it encoded.
   */
  pack?(submission: StoredSubmission): StoredSubmission;
}

/** Names of a group's tensors. */
export function groupTensorNames(task: Pick<MinerTask, 'context' | 'group'>): string[] {
  const group = groupOf(task.context.definition, task.group);
  return expertsOf(group).flatMap(({ layer, expert }) =>
    EXPERT_PROJECTIONS.map((projection) => expertTensorName(layer, expert, projection)),
  );
}

/** DiLoCo inner steps on the assigned share of the data: what the network pays for. */
export const honestStrategy: MinerStrategy = {
  name: 'honest',
  async work(task) {
    const { inner } = task.context.definition;
    const shard = await task.sources.shard(task.share.source);
    const stream = trainingBatches(shard, [...task.share.documents], {
      sequencesPerStep: inner.sequencesPerStep,
      sequenceTokens: inner.sequenceLength,
      seed: task.seed,
      ...(task.endOfTextToken === null ? {} : { endOfTextId: task.endOfTextToken }),
    });
    return trainOn(
      task,
      Array.from({ length: inner.steps }, () => stream.next().value),
    );
  },
};

/** The run's inner steps on one batch each, `[sequencesPerStep, sequenceLength + 1]`, whatever the batches hold. */
export async function trainOn(task: MinerTask, batches: readonly Int32Array[]): Promise<Work> {
  const { inner } = task.context.definition;
  const { delta, losses, trainedTokens } = await task.model.train({
    trained: groupTensorNames(task),
    batches,
    sequences: inner.sequencesPerStep,
    tokens: inner.sequenceLength,
    options: {
      learningRate: decimalNumber(inner.learningRate),
      warmupSteps: inner.warmupSteps,
      beta1: decimalNumber(inner.beta1),
      beta2: decimalNumber(inner.beta2),
      epsilon: decimalNumber(inner.epsilon),
      weightDecay: decimalNumber(inner.weightDecay),
      clipNorm: decimalNumber(inner.clipNorm),
    },
    rematerialization: 'keep',
  });
  return { delta, losses, trainedTokens, innerSteps: batches.length };
}
