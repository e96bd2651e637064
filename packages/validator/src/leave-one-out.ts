import {
  decimalNumber,
  type ExpertGroupId,
  type GroupMerge,
  LEAST_UPDATES_TO_LEAVE_ONE_OUT,
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
  stepGroups,
} from '@connito/run';
import type { DrawnExam } from './exams.ts';
import { StepLosses } from './step-losses.ts';

type Contribution = GroupMerge['leaveOneOut'][number];

/**
 * Marginal contribution of each merged update: the loss of the domain's sequences after the whole step against the same step
 * merged without that update, every other group as voted. Groups that merged fewer than three updates, or voted for no step,
 * have none.
 * Half of the domain's sequences are measured: contributions divide pay, they do not decide whether there is any.
 *
 * `whole` holds the losses of the step voted for, if some are known already.
 */
export async function leaveOneOut(
  context: Pick<RunContext, 'definition'>,
  session: Pick<ModelSession, 'host'>,
  drawn: DrawnExam,
  whole: StepLosses | null,
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
  const rate = decimalNumber(definition.scoring.falseRewardRate);
  const scaleOf = (group: ExpertGroupId): string | null => {
    const vote = votes.get(group);
    return vote === undefined ? null : (definition.merge.scales[vote] ?? null);
  };
  const wholeStep = whole ?? StepLosses.after(context, session, drawn, { state, merged, scaleOf });
  /** The whole step with one group's merge in place of its own. */
  const stepWith = (group: ExpertGroupId, delta: TensorMap): StepLosses => {
    const stepped = stepGroups(context, state, new Map([[group, delta]]), scaleOf);
    return wholeStep.replacing(stepped.get(group)!.parameters);
  };
  const lossesOf = async (step: StepLosses, rows: readonly number[]): Promise<Float64Array | null> => {
    const losses = await step.of(rows);
    return losses && toNanoNats(losses);
  };

  const contributions = new Map<ExpertGroupId, Contribution[]>();
  for (const group of votes.keys()) {
    const accepted = updates.get(group)!;
    if (accepted.length < LEAST_UPDATES_TO_LEAVE_ONE_OUT) continue;
    const { parameters } = state.groups.get(group)!;
    const { domain } = drawn.rows.get(group)!;
    const rows = domain.slice(0, Math.ceil(domain.length / 2));
    const withAll = await lossesOf(wholeStep, rows);
    if (withAll === null) continue;
    const own: Contribution[] = [];
    for (const { uid } of accepted) {
      const others = accepted.filter((update) => update.uid !== uid);
      const delta = mergeDelta(others, parameters, definition.merge);
      const without = await lossesOf(stepWith(group, delta), rows);
      // A step that only this update keeps finite says nothing in nats.
      if (without === null) continue;
      const { mean, lower, upper } = pairedStatistics(pairedDifferences(without, withAll), rate);
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
