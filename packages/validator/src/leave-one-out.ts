import type { ExamBaseline } from '@connito/model';
import {
  decimalNumber,
  type ExpertGroupId,
  type GroupMerge,
  mergeDelta,
  pairedDifferences,
  pairedStatistics,
  type TensorMap,
  toNanoNats,
} from '@connito/protocol';
import {
  type AcceptedUpdates,
  type ModelSession,
  type RunContext,
  type RunState,
  stateParameters,
  stepGroups,
} from '@connito/run';
import { type DrawnExam, groupBaseline } from './exams.ts';

type Contribution = GroupMerge['leaveOneOut'][number];

/**
 * Marginal contribution of each merged update: the loss of the domain's sequences after the whole step against the same step
 * merged without that update, every other group as voted. Groups that merged one update, or voted for no step, have none.
 * Costs one measurement of the domain's sequences for each merged update and one for each group.
 */
export async function leaveOneOut(
  context: Pick<RunContext, 'definition'>,
  session: Pick<ModelSession, 'host'>,
  drawn: DrawnExam,
  before: ExamBaseline,
  voted: {
    readonly state: RunState;
    readonly updates: AcceptedUpdates;
    readonly merged: ReadonlyMap<ExpertGroupId, TensorMap>;
    /** Index into the run's step scales; groups without a vote for a step are absent. */
    readonly votes: ReadonlyMap<ExpertGroupId, number>;
  },
): Promise<Map<ExpertGroupId, Contribution[]>> {
  const { definition } = context;
  const { state, updates, merged, votes } = voted;
  const scaleOf = (group: ExpertGroupId): string | null => {
    const vote = votes.get(group);
    return vote === undefined ? null : (definition.merge.scales[vote] ?? null);
  };
  const lossesOf = async (
    group: ExpertGroupId,
    deltas: ReadonlyMap<ExpertGroupId, TensorMap>,
  ): Promise<Float64Array | null> => {
    const groups = stepGroups(context, state, deltas, scaleOf);
    const change = { kind: 'replace', tensors: stateParameters({ hash: state.hash, groups }) } as const;
    const rows = { domain: drawn.rows.get(group)!.domain, general: [] };
    const measured = await session.host.examine(drawn.exam.id, change, rows, null);
    return measured.kind === 'complete' ? toNanoNats(measured.domainAfter) : null;
  };

  const contributions = new Map<ExpertGroupId, Contribution[]>();
  for (const group of votes.keys()) {
    const accepted = updates.get(group)!;
    const { parameters } = state.groups.get(group)!;
    if (accepted.length < 2 || toNanoNats(groupBaseline(drawn, before, group).domainBefore) === null)
      continue;
    const whole = await lossesOf(group, merged);
    if (whole === null) continue;
    const own: Contribution[] = [];
    for (const { uid } of accepted) {
      const others = accepted.filter((update) => update.uid !== uid);
      const delta = mergeDelta(others, parameters, definition.merge);
      const without = await lossesOf(group, new Map([...merged, [group, delta]]));
      // A step that only this update keeps finite says nothing in nats.
      if (without === null) continue;
      const rate = decimalNumber(definition.scoring.falseRewardRate);
      const { mean, lower, upper } = pairedStatistics(pairedDifferences(without, whole), rate);
      own.push({
        uid,
        contributionNanoNats: Math.round(mean) + 0,
        lowerNanoNats: Math.floor(lower) + 0,
        upperNanoNats: Math.ceil(upper) + 0,
      });
    }
    contributions.set(group, own);
  }
  return contributions;
}
