import {
  decimalNumber,
  type ExpertGroupId,
  type GroupMerge,
  type PairedStatistics,
  pairedDifferences,
  pairedStatistics,
  toNanoNats,
  ZERO_STEP,
} from '@connito/protocol';
import {
  type AcceptedUpdates,
  type ModelSession,
  mergedDeltas,
  type RoundVerdict,
  type RunContext,
  type RunState,
  type TokenSources,
} from '@connito/run';
import { drawExam, groupBaseline } from './exams.ts';
import { leaveOneOut } from './leave-one-out.ts';
import { StepLosses } from './step-losses.ts';

export type MergeMeasurement = {
  readonly groups: readonly GroupMerge[];
  /** The vote by group number, as a vote note holds it. */
  readonly scales: readonly number[];
};

type Scale = GroupMerge['scales'][number];

/**
 * Measures the candidate merge like a submission: the whole model with every group's step taken, on sequences drawn after the
 * reports were closed. Tries the step scales from the largest; the first at which a group's gain has a positive lower
 * bound and general loss holds gets its vote, and if none does, no step. General loss holds within the bound over the base
 * model, and beyond it if the step lowers it: otherwise no step could ever repair a state. Then measures what each merged
 * update contributes to the step voted for.
 */
export async function measureMerge(
  context: RunContext,
  session: ModelSession,
  sources: TokenSources,
  merge: {
    readonly round: number;
    readonly blockHash: string;
    readonly state: RunState;
    readonly verdict: RoundVerdict;
    readonly updates: AcceptedUpdates;
  },
): Promise<MergeMeasurement> {
  const { definition } = context;
  const { round, blockHash, state, verdict, updates } = merge;
  const merged = mergedDeltas(context, state, updates);
  const pending = new Set(merged.keys());
  const measuredScales = new Map<ExpertGroupId, Scale[]>();
  const votes = new Map<ExpertGroupId, number>();
  const examined = definition.groups.filter(({ id }) => merged.has(id));
  if (examined.length === 0) return { groups: [], scales: definition.groups.map(() => ZERO_STEP) };
  const drawn = await drawExam(context, sources, examined, { round, blockHash, purpose: 'merge' });
  const before = await session.host.openExam(drawn.exam);

  let stepped: StepLosses | null = null;
  const scales = definition.merge.scales;
  for (const [index, scale] of scales.entries()) {
    if (pending.size === 0) break;
    // Groups that have their vote keep it while the others try smaller steps, so the model measured is the one meant.
    const scaleOf = (group: ExpertGroupId) => scales[votes.get(group) ?? index]!;
    stepped = StepLosses.after(context, session, drawn, { state, merged, scaleOf });
    for (const id of [...pending]) {
      const { domain, general } = drawn.rows.get(id)!;
      const baseline = groupBaseline(drawn, before, id);
      const domainAfter = await stepped.of(domain);
      const generalAfter = domainAfter && (await stepped.of(general));
      const gain = generalAfter && compare(baseline.domainBefore, domainAfter!, context);
      const rise = generalAfter && compare(generalAfter, baseline.generalBase, context);
      measuredScales.set(id, [...(measuredScales.get(id) ?? []), describe(scale, gain, rise)]);
      const ownRise = generalAfter && compare(generalAfter, baseline.generalBefore, context);
      const withinBound = rise !== null && rise.lower <= definition.scoring.maxGeneralLossRiseNanoNats;
      const holds = withinBound || (ownRise !== null && ownRise.mean <= 0);
      if (gain !== null && gain.lower > 0 && holds) {
        votes.set(id, index);
        pending.delete(id);
      }
    }
  }

  const voted = { state, updates, merged, votes };
  // Once no group is left without a vote, the last model measured is the one voted for.
  const whole = pending.size === 0 ? stepped : null;
  const contributions = await leaveOneOut(context, session, drawn, whole, voted);
  await session.host.closeExam(drawn.exam.id);

  const groups = [...merged.keys()].map(
    (group): GroupMerge => ({
      group,
      accepted: (verdict.accepted.get(group) ?? []).map(({ uid, scoreNanoNats }) => ({ uid, scoreNanoNats })),
      scales: measuredScales.get(group) ?? [],
      vote: votes.get(group) ?? ZERO_STEP,
      leaveOneOut: contributions.get(group) ?? [],
    }),
  );
  return { groups, scales: definition.groups.map(({ id }) => votes.get(id) ?? ZERO_STEP) };
}

/** Statistics of `before − after` in nano-nats, or null where a loss is not finite. */
function compare(
  before: Float64Array,
  after: Float64Array,
  { definition }: RunContext,
): PairedStatistics | null {
  const from = toNanoNats(before);
  const to = toNanoNats(after);
  if (from === null || to === null) return null;
  return pairedStatistics(pairedDifferences(from, to), decimalNumber(definition.scoring.falseRewardRate));
}

function describe(scale: string, gain: PairedStatistics | null, rise: PairedStatistics | null): Scale {
  return {
    scale,
    gainMeanNanoNats: gain === null ? null : Math.round(gain.mean) + 0,
    gainLowerNanoNats: gain === null ? null : Math.floor(gain.lower) + 0,
    generalRiseMeanNanoNats: rise === null ? null : Math.round(rise.mean) + 0,
    generalRiseLowerNanoNats: rise === null ? null : Math.floor(rise.lower) + 0,
  };
}
