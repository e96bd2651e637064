import type { Log } from '@connito/node';
import {
  type Duplicate,
  type DuplicateVerdict,
  decimalNumber,
  type ExpertGroup,
  evaluationSeedBlock,
  type Hotkey,
  isExcessive,
  type MinerOutcome,
  pairedDifferences,
  type Report,
  type Score,
  scoreFutile,
  scoreUpdate,
  toNanoNats,
} from '@connito/protocol';
import type { ModelSession, OpenedReveal, RunContext, RunState, TokenSources } from '@connito/run';
import { DuplicateCheck, type RevealHistory } from './duplicate-check.ts';
import { type DrawnExam, drawExam, type GroupBaseline, groupBaseline } from './exams.ts';

type ValidReveal = Extract<OpenedReveal, { kind: 'valid' }>;
type Baseline = Report['baselines'][number];

export type ScoringInput = {
  readonly round: number;
  readonly validator: Hotkey;
  readonly state: RunState;
  readonly reveals: readonly OpenedReveal[];
};

export type ScoringDependencies = {
  readonly context: RunContext;
  readonly session: ModelSession;
  readonly sources: TokenSources;
  readonly history: Pick<RevealHistory, 'before'>;
  /** Names model build and arithmetic. */
  readonly build: string;
  readonly log: Log;
};

/** Measures every valid update of a round by Proof-of-Loss and says what became of each miner. */
export async function scoreRound(
  { round, validator, state, reveals }: ScoringInput,
  dependencies: ScoringDependencies,
  signal: AbortSignal,
): Promise<Report> {
  const { context, build } = dependencies;
  const { definition } = context;
  const seedBlock = evaluationSeedBlock(round, definition.schedule);
  const { hash: blockHash } = await context.ledger.block(seedBlock, signal);
  const baselines: Baseline[] = [];
  const outcomes: MinerOutcome[] = reveals.flatMap((reveal) => unmeasured(reveal));
  const validOf = (group: ExpertGroup): ValidReveal[] =>
    reveals.filter((reveal): reveal is ValidReveal => reveal.kind === 'valid' && reveal.group === group.id);
  const groups = definition.groups.filter((group) => validOf(group).length > 0);
  if (groups.length > 0) {
    const { session, sources } = dependencies;
    const drawn = await drawExam(context, sources, groups, { round, blockHash, purpose: 'score' });
    const before = await session.host.openExam(drawn.exam);
    for (const group of groups) {
      const draw = { round, blockHash, drawn, baseline: groupBaseline(drawn, before, group.id) };
      const measured = await scoreGroup(group, validOf(group), draw, state, dependencies, signal);
      if (measured.baseline !== null) baselines.push(measured.baseline);
      outcomes.push(...measured.outcomes);
    }
    await session.host.closeExam(drawn.exam.id);
  }
  return {
    protocol: 'connito/1',
    ...{ run: context.run, round, validator, baseState: state.hash, build },
    ...{ evaluationSeedBlock: seedBlock, baselines },
    outcomes: outcomes.sort((a, b) => a.uid - b.uid),
  };
}

function unmeasured(reveal: OpenedReveal): MinerOutcome[] {
  if (reveal.kind === 'valid') return [];
  const { uid, hotkey, group } = reveal;
  if (reveal.kind === 'missing') return [{ kind: 'abstained', uid, hotkey, group, reason: reveal.reason }];
  return [{ kind: 'invalid', uid, hotkey, group, reason: reveal.reason, why: reveal.why.slice(0, 512) }];
}

async function scoreGroup(
  group: ExpertGroup,
  reveals: readonly ValidReveal[],
  draw: {
    readonly round: number;
    readonly blockHash: string;
    readonly drawn: DrawnExam;
    readonly baseline: GroupBaseline;
  },
  state: RunState,
  dependencies: ScoringDependencies,
  signal: AbortSignal,
): Promise<{ readonly baseline: Baseline | null; readonly outcomes: MinerOutcome[] }> {
  const { context, session, history, log } = dependencies;
  const { scoring } = context.definition;
  const { drawn, baseline: before } = draw;
  const baseline = baselineOf(group, drawn, before);
  if (baseline === null) {
    // Without a baseline there is no score: this validator says so rather than make one up.
    log.error('The baseline is not finite; abstaining', { group: group.id, round: draw.round });
    return { baseline, outcomes: reveals.map((reveal) => abstained(reveal)) };
  }

  const past = await history.before(draw.round, signal);
  const check = new DuplicateCheck(context, group, state, draw, reveals, past);
  const suspected = check.find();
  const futility = { after: scoring.futilityAfter, falseRewardRate: decimalNumber(scoring.falseRewardRate) };
  const results = new Map<
    number,
    { readonly score: Score; readonly domainAfter: Float64Array; readonly generalAfter: Float64Array }
  >();
  const fingerprints = new Map<number, Float64Array>();
  const outcomes: MinerOutcome[] = [];
  for (const reveal of reveals) {
    signal.throwIfAborted();
    try {
      // A suspected copy is measured in full, so that the verdict on it is complete.
      const planned = suspected.has(reveal.uid) ? { ...futility, after: scoring.domainSequences } : futility;
      const change = { kind: 'delta', tensors: reveal.delta } as const;
      const result = await session.host.examine(drawn.exam.id, change, drawn.rows.get(group.id)!, planned);
      if (result.kind === 'non_finite') outcomes.push(nonFinite(reveal));
      else if (isExcessive(reveal.delta, context.definition)) outcomes.push(excessive(reveal));
      else if (result.kind === 'futile')
        outcomes.push(futile(reveal, before.domainBefore, result.domainAfter, dependencies));
      else {
        const { domainAfter, generalAfter } = result;
        const score = scoreUpdate({ ...before, domainAfter, generalAfter }, scoring);
        results.set(reveal.uid, { score, domainAfter, generalAfter });
        fingerprints.set(reveal.uid, pairedDifferences(before.domainBefore, domainAfter));
      }
    } catch (error) {
      signal.throwIfAborted();
      log.error('An update could not be measured; abstaining', { uid: reveal.uid, round: draw.round, error });
      outcomes.push(abstained(reveal));
    }
  }

  const duplicates = check.find(fingerprints);
  for (const reveal of reveals) {
    const result = results.get(reveal.uid);
    if (result === undefined) continue;
    const { uid, hotkey } = reveal;
    const { score, domainAfter, generalAfter } = result;
    if (score.kind === 'invalid') outcomes.push(nonFinite(reveal));
    else if (score.kind !== 'scored') outcomes.push(abstained(reveal));
    else {
      const { kind, scoreNanoNats, reason, domain, generalRise, chargeNanoNats, worstGeneralRiseNanoNats } =
        score;
      outcomes.push({
        ...{ kind, uid, hotkey, group: group.id, scoreNanoNats, reason, domain, generalRise, chargeNanoNats },
        worstGeneralRiseNanoNats,
        domainAfter: integers(domainAfter),
        generalAfter: integers(generalAfter),
        duplicate: duplicateVerdict(duplicates.get(uid)),
      });
    }
  }
  return { baseline, outcomes };
}

function baselineOf(group: ExpertGroup, drawn: DrawnExam, losses: GroupBaseline): Baseline | null {
  const all = [losses.domainBefore, losses.generalBase, losses.generalBefore];
  if (all.some((values) => toNanoNats(values) === null)) return null;
  const { domain, general } = drawn.rows.get(group.id)!;
  return {
    group: group.id,
    domainDocuments: domain.map((row) => drawn.documents[row]!.document),
    domainBefore: integers(losses.domainBefore),
    generalDocuments: general.map((row) => ({ ...drawn.documents[row]! })),
    generalBase: integers(losses.generalBase),
    generalBefore: integers(losses.generalBefore),
  };
}

function integers(losses: Float64Array): number[] {
  // Rounding may give −0, which has no canonical encoding.
  return Array.from(toNanoNats(losses) ?? [], (loss) => loss + 0);
}

function abstained({ uid, hotkey, group }: ValidReveal): MinerOutcome {
  return { kind: 'abstained', uid, hotkey, group, reason: 'validator_abstained' };
}

function nonFinite({ uid, hotkey, group }: ValidReveal): MinerOutcome {
  const why = 'At least one held-out sequence has a loss that is not finite.';
  return { kind: 'invalid', uid, hotkey, group, reason: 'non_finite_loss', why };
}

function excessive({ uid, hotkey, group }: ValidReveal): MinerOutcome {
  const why = 'A tensor moved a thousand times further than the inner steps can take it.';
  return { kind: 'invalid', uid, hotkey, group, reason: 'excessive_travel', why };
}

function futile(
  reveal: ValidReveal,
  domainBefore: Float64Array,
  domainAfter: Float64Array,
  { context }: ScoringDependencies,
): MinerOutcome {
  const { uid, hotkey, group } = reveal;
  const score = scoreFutile(
    domainBefore.subarray(0, domainAfter.length),
    domainAfter,
    context.definition.scoring,
  );
  if (score.kind !== 'futile') return score.kind === 'invalid' ? nonFinite(reveal) : abstained(reveal);
  return { ...score, uid, hotkey, group, domainAfter: integers(domainAfter) };
}

/** Similarities are reported in millionths. */
const MILLION = 1_000_000;

/** A copy as a report names it. */
export function duplicateVerdict(duplicate: Duplicate | undefined): DuplicateVerdict | null {
  if (duplicate === undefined) return null;
  const { reason, of, round, weightCosine, responseCosine, partialExcess, functional } = duplicate;
  return {
    ...{ reason, of, round },
    weightCosineMillionths: Math.round(weightCosine * MILLION),
    responseCosineMillionths: Math.round(responseCosine * MILLION),
    partialExcessMillionths: Math.round(partialExcess * MILLION),
    functionalMillionths: Math.round(functional * MILLION),
  };
}
